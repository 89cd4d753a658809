import type { RequestHeaderMap } from "../http/header-map.ts";

/** What a request's B3 headers say. */
export interface B3Context {
  /** Null = the request's own sampling counts. */
  readonly sampled: boolean | null;
  /** Null if there is none. Identifiers are lower-case hex; a trace id has 16 or 32 digits. */
  readonly parent: { readonly traceId: string; readonly spanId: string; readonly parentId: string } | null;
}

const NOTHING: B3Context = { sampled: null, parent: null };
const SINGLE = /^([0-9a-f]{32}|[0-9a-f]{16})-([0-9a-f]{16})(?:-([01d])(?:-([0-9a-f]{16}))?)?$/i;
const TRACE_ID = /^(?:[0-9a-f]{32}|[0-9a-f]{1,16})$/i;
const SPAN_ID = /^[0-9a-f]{1,16}$/i;

/**
 * The context in `b3`, or in `x-b3-traceid`, `x-b3-spanid`, `x-b3-parentspanid` and `x-b3-sampled`.
 * Differs from Envoy: B3 headers that can't be read begin a new trace instead of none.
 */
export function readB3Context(headers: RequestHeaderMap): B3Context {
  const single = headers.get("b3");
  if (single !== undefined) return readSingle(single);
  const flag = headers.get("x-b3-sampled");
  const sampled = flag === undefined ? null : flag === "1" || flag === "true";
  const traceId = headers.get("x-b3-traceid");
  const spanId = headers.get("x-b3-spanid");
  if (traceId === undefined || spanId === undefined) return flag === undefined ? NOTHING : { sampled, parent: null };
  const parentId = headers.get("x-b3-parentspanid") ?? "";
  if (!TRACE_ID.test(traceId) || !SPAN_ID.test(spanId) || (parentId !== "" && !SPAN_ID.test(parentId))) {
    return { sampled, parent: null };
  }
  return {
    sampled,
    parent: { traceId: padded(traceId), spanId: padded(spanId), parentId: parentId && padded(parentId) },
  };
}

function readSingle(text: string): B3Context {
  if (text.length === 1) return { sampled: samplingOf(text), parent: null };
  const match = SINGLE.exec(text);
  if (match === null) return NOTHING;
  const [, traceId, spanId, flag, parentId] = match;
  return {
    sampled: flag === undefined ? null : samplingOf(flag),
    parent: {
      traceId: traceId!.toLowerCase(),
      spanId: spanId!.toLowerCase(),
      parentId: (parentId ?? "").toLowerCase(),
    },
  };
}

function samplingOf(flag: string): boolean | null {
  if (flag === "0") return false;
  return flag === "1" || flag === "d" ? true : null;
}

function padded(id: string): string {
  return id.toLowerCase().padStart(16, "0");
}

/**
 * Makes a span the parent of what answers the request, in the form of several headers.
 * Differs from Envoy: a `b3` header that came along is removed, because it would contradict them.
 */
export function writeB3Context(
  headers: RequestHeaderMap,
  span: { readonly traceId: string; readonly spanId: string; readonly parentId: string; readonly sampled: boolean },
): void {
  headers.set("x-b3-traceid", span.traceId);
  headers.set("x-b3-spanid", span.spanId);
  if (span.parentId === "") headers.remove("x-b3-parentspanid");
  else headers.set("x-b3-parentspanid", span.parentId);
  headers.set("x-b3-sampled", span.sampled ? "1" : "0");
  headers.remove("b3");
}
