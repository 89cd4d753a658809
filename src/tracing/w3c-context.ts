import type { RequestHeaderMap } from "../http/header-map.ts";

/** A parent that came with a request. Identifiers are lower-case hex. */
export interface W3cContext {
  readonly traceId: string;
  readonly parentId: string;
  readonly sampled: boolean;
  /** The `tracestate`, all of its headers joined; `""` if there is none. */
  readonly traceState: string;
}

const TRACE_PARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;
const SAMPLED = 1;

/**
 * The parent in `traceparent` and `tracestate` (W3C Trace Context, level 1); null if there is none, or none that can be read.
 * Differs from Envoy: a `traceparent` that can't be read begins a new trace, as the recommendation has it, instead of none.
 */
export function readW3cContext(headers: RequestHeaderMap): W3cContext | null {
  const text = headers.get("traceparent");
  if (text === undefined) return null;
  const match = TRACE_PARENT.exec(text.trim());
  if (match === null) return null;
  const [, version, traceId, parentId, flags, rest] = match;
  if (version === "ff" || (version === "00" && rest !== undefined)) return null;
  if (isZero(traceId!) || isZero(parentId!)) return null;
  return {
    traceId: traceId!,
    parentId: parentId!,
    sampled: (Number.parseInt(flags!, 16) & SAMPLED) !== 0,
    traceState: headers.getJoined("tracestate") ?? "",
  };
}

/** Makes a span the parent of what answers the request. */
export function writeW3cContext(
  headers: RequestHeaderMap,
  traceId: string,
  spanId: string,
  sampled: boolean,
  traceState: string,
): void {
  headers.set("traceparent", `00-${traceId}-${spanId}-${sampled ? "01" : "00"}`);
  if (traceState === "") headers.remove("tracestate");
  else headers.set("tracestate", traceState);
}

function isZero(id: string): boolean {
  return /^0+$/.test(id);
}
