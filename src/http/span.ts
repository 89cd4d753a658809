import type { CustomTagData } from "./custom-tag-data.ts";
import type { RequestHeaderMap } from "./header-map.ts";

/** Why a request is traced, or that it is not. */
export type TraceReason = "notTraceable" | "sampling" | "serviceForced" | "clientForced";

/** What the configuration says of a request's spans. Shared by all requests that it holds for. */
export interface SpanSettings {
  /** Each attempt has a span of its own (`spawn_upstream_span`). */
  readonly spawnUpstream: boolean;
  /** Spans note when bytes came and went. */
  readonly verbose: boolean;
  /** Longer paths are cut in `http.url`. */
  readonly maxPathTagLength: number;
  /** Without variables of the process. */
  readonly customTags: readonly CustomTagData[];
}

/** A part of a trace: one request, or one attempt to have it answered. Belongs to one stream; made by a `Tracer`. */
export interface Span {
  readonly settings: SpanSettings;
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
  /**
   * The span of something that the proxy asks of another, below this one. `startMs` is in milliseconds since the epoch. It is sampled as this
   * one is, unless `sampled` says otherwise.
   */
  spawnChild(name: string, startMs: number, sampled?: boolean): Span;
  /** It is over, and is reported if it is sampled. Nothing may be called afterwards. */
  finish(endMs: number): void;
}
