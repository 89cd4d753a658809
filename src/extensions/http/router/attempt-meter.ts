import type { RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import type { UpstreamInfo } from "../../../http/stream-info.ts";
import { percentOfTimeout, type TrackedStats } from "../../../upstream/tracked-stats.ts";
import type { AttemptWatch } from "./attempt-watch.ts";

/**
 * Measures one attempt for `track_cluster_stats`: sizes, and how much of its time it took. Made only for clusters that ask for it.
 * Source: Envoy's `UpstreamRequest::cleanUp`.
 */
export class AttemptMeter implements AttemptWatch {
  readonly #stats: TrackedStats;
  readonly #headers: RequestHeaderMap;
  readonly #info: UpstreamInfo;
  readonly #perTryTimeoutMs: number;
  readonly #startMs: number;
  /** What attempts before this one have sent and received. */
  readonly #sentBefore: number;
  readonly #receivedBefore: number;
  #responseSize = -1;
  #responseCount = 0;

  /** `perTryTimeoutMs` of 0 is no limit. */
  constructor(
    stats: TrackedStats,
    headers: RequestHeaderMap,
    info: UpstreamInfo,
    perTryTimeoutMs: number,
    startMs: number,
  ) {
    this.#stats = stats;
    this.#headers = headers;
    this.#info = info;
    this.#perTryTimeoutMs = perTryTimeoutMs;
    this.#startMs = startMs;
    this.#sentBefore = info.bytesSent;
    this.#receivedBefore = info.bytesReceived;
  }

  ready(): void {}

  trailers(): void {}

  response(headers: ResponseHeaderMap): void {
    this.#responseSize = headers.byteSize() + STATUS_BYTES;
    this.#responseCount = headers.count + 1;
  }

  end(nowMs: number): void {
    const { sizes, budgets } = this.#stats;
    budgets?.perTryPercentUsed.record(percentOfTimeout(nowMs - this.#startMs, this.#perTryTimeoutMs));
    if (sizes === null) return;
    const headers = this.#headers;
    let size = headers.byteSize();
    let { count } = headers;
    for (const name of PSEUDO_HEADERS) {
      const value = headers.lookup(name);
      if (value === undefined) continue;
      size += name.length + value.length;
      count++;
    }
    sizes.rqHeadersSize.record(size);
    sizes.rqHeadersCount.record(count);
    sizes.rqBodySize.record(this.#info.bytesSent - this.#sentBefore);
    if (this.#responseSize === -1) return;
    sizes.rsHeadersSize.record(this.#responseSize);
    sizes.rsHeadersCount.record(this.#responseCount);
    sizes.rsBodySize.record(this.#info.bytesReceived - this.#receivedBefore);
  }
}

/** They count, too. */
const PSEUDO_HEADERS = [":method", ":path", ":authority", ":scheme"] as const;
/** `:status` and three digits. */
const STATUS_BYTES = 10;
