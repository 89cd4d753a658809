import type { RequestHeaderMap } from "../../../http/header-map.ts";
import type { Span } from "../../../http/span.ts";
import type { StreamInfo } from "../../../http/stream-info.ts";
import { type FinishedAttempt, finishUpstreamSpan, wallMs } from "../../../tracing/span-tags.ts";
import type { ThreadLocalCluster } from "../../../upstream/thread-local-cluster.ts";

/** What an attempt tells the trace of its request: who its parent is, and how it went if it has a span of its own. */
export class AttemptSpan {
  readonly #parent: Span;
  readonly #streamInfo: StreamInfo;
  readonly #headers: RequestHeaderMap;
  /** Null if attempts have none. */
  #own: Span | null;

  private constructor(parent: Span, own: Span | null, streamInfo: StreamInfo, headers: RequestHeaderMap) {
    this.#parent = parent;
    this.#own = own;
    this.#streamInfo = streamInfo;
    this.#headers = headers;
  }

  /** For an attempt that begins; null without tracing. `attempt` counts from 1. `nowMs` is on the worker's clock. */
  static start(
    streamInfo: StreamInfo,
    cluster: ThreadLocalCluster,
    startChildSpan: boolean,
    headers: RequestHeaderMap,
    attempt: number,
    nowMs: number,
  ): AttemptSpan | null {
    const parent = streamInfo.span;
    if (parent === null) return null;
    if (!startChildSpan && !parent.settings.spawnUpstream) return new AttemptSpan(parent, null, streamInfo, headers);
    const name = `router ${cluster.info.observabilityName} egress`;
    const own = parent.spawnChild(name, wallMs(streamInfo, nowMs));
    if (attempt > 1) own.setTag("retry.count", String(attempt - 1));
    return new AttemptSpan(parent, own, streamInfo, headers);
  }

  /** For a copy of a request; null without tracing. `sampled` null = as the request itself. */
  static mirror(
    streamInfo: StreamInfo,
    headers: RequestHeaderMap,
    sampled: boolean | null,
    nowMs: number,
  ): AttemptSpan | null {
    const parent = streamInfo.span;
    if (parent === null) return null;
    const own = parent.spawnChild("mirror", wallMs(streamInfo, nowMs), sampled ?? parent.sampled);
    return new AttemptSpan(parent, own, streamInfo, headers);
  }

  /** The request is about to be sent. */
  inject(): void {
    (this.#own ?? this.#parent).injectContext(this.#headers);
  }

  /** The attempt failed; `reason` in Envoy's words. */
  fail(reason: string): void {
    this.#own?.setTag("error", "true");
    this.#own?.setTag("error.reason", reason);
  }

  /** Nobody waits for it any more. */
  cancel(): void {
    this.#own?.setTag("canceled", "true");
  }

  /** It is over, however. */
  finish(attempt: FinishedAttempt, nowMs: number): void {
    const span = this.#own;
    this.#own = null;
    if (span !== null) finishUpstreamSpan(span, attempt, this.#headers, this.#streamInfo, nowMs);
  }
}
