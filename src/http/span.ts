import type { RequestHeaderMap } from "./header-map.ts";

/** Why a request is traced, or that it is not. */
export type TraceReason = "notTraceable" | "sampling" | "serviceForced" | "clientForced";

/** A part of a trace: one request, or one attempt to have it answered. Belongs to one stream; made by a `Tracer`. */
export interface Span {
  /** Lower-case hex. */
  readonly traceId: string;
  readonly spanId: string;
  /** Whether it will be reported. */
  readonly sampled: boolean;

  setOperation(name: string): void;
  /** Sets a tag, over the one of that name. */
  setTag(name: string, value: string): void;
  /** Notes that something happened at a moment, in milliseconds since the epoch. */
  log(atMs: number, event: string): void;
  /** Writes into the headers of a request who its parent is. */
  injectContext(headers: RequestHeaderMap): void;
  /** A span below this one. Times are in milliseconds since the epoch. */
  spawnChild(name: string, startMs: number): Span;
  /** It is over, and is reported if it is sampled. Nothing may be called afterwards. */
  finish(endMs: number): void;
}
