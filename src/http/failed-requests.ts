import { BoundedLog } from "../actor/bounded-log.ts";
import type { Clock } from "../base/clock.ts";
import type { ClusterWords } from "./cluster-words.ts";
import { failureReason, flagNames } from "./failure-reason.ts";
import type { RequestHeaderMap } from "./header-map.ts";
import type { StreamInfo } from "./stream-info.ts";

/** How long a description of a cluster's hosts serves: many requests fail at once, and hosts may be many. */
const HOSTS_FRESH_MS = 1000;
const MAX_DESCRIBED_CLUSTERS = 32;
const MAX_TEXT_CHARS = 500;

/** A request that failed, as people see it. Plain data. Times are milliseconds since it began; -1: that did not happen. */
export interface FailedRequest {
  readonly startWallMs: number;
  readonly flags: readonly string[];
  readonly status: number;
  readonly details: string;
  /** In a sentence. */
  readonly reason: string;
  readonly protocol: string;
  readonly method: string;
  readonly authority: string;
  /** As the client asked, without the query. */
  readonly path: string;
  readonly requestId: string;
  readonly peer: string;
  readonly connectionId: number;
  readonly filterChain: string;
  readonly virtualHost: string;
  readonly route: string;
  readonly cluster: string;
  readonly host: string;
  readonly attempts: readonly { readonly host: string; readonly reason: string; readonly endedMs: number }[];
  readonly requestCompleteMs: number;
  readonly upstreamConnectedMs: number;
  readonly upstreamSentMs: number;
  readonly upstreamFirstByteMs: number;
  readonly responseFirstByteMs: number;
  readonly totalMs: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

/** The last failed requests of a worker: those with a response flag, and those answered with 5xx. Others cost nothing. */
export class FailedRequests {
  readonly #log: BoundedLog<FailedRequest>;
  readonly #clock: Clock;
  readonly #words: ClusterWords;
  readonly #cached: ClusterWords = {
    hosts: (cluster, criteria) => this.#hosts(cluster, criteria),
    openBreakers: (cluster) => this.#words.openBreakers(cluster),
  };
  readonly #described = new Map<string, { readonly text: string; readonly atMs: number }>();

  /** Keeps `keep` requests. */
  constructor(keep: number, clock: Clock, words: ClusterWords) {
    this.#log = new BoundedLog(keep);
    this.#clock = clock;
    this.#words = words;
  }

  /** Notes a request that is over, unless it went well. */
  note(info: StreamInfo, headers: RequestHeaderMap | null): void {
    const since = (atMs: number): number => (atMs < 0 ? -1 : atMs - info.startMs);
    const { upstream, connection } = info;
    this.#log.add({
      startWallMs: info.startWallMs,
      flags: flagNames(info.responseFlags),
      status: info.responseCode,
      details: info.responseCodeDetails.slice(0, MAX_TEXT_CHARS),
      reason: failureReason(info, this.#cached).slice(0, MAX_TEXT_CHARS),
      protocol: info.protocol,
      method: headers?.method ?? "",
      authority: (headers?.authority ?? "").slice(0, MAX_TEXT_CHARS),
      path: shownPath(headers?.get("x-envoy-original-path") ?? headers?.path ?? ""),
      requestId: info.requestId.slice(0, MAX_TEXT_CHARS),
      peer: connection.remoteAddress,
      connectionId: connection.connectionId,
      filterChain: connection.filterChainName,
      virtualHost: info.virtualHostName,
      route: info.routeName,
      cluster: upstream?.clusterName ?? "",
      host: upstream?.hostAddress ?? "",
      attempts: (info.failedAttempts ?? []).map(({ host, reason, transportFailure, endedAtMs }) => ({
        host,
        reason: transportFailure === "" ? reason : `${reason} (${transportFailure})`,
        endedMs: since(endedAtMs),
      })),
      requestCompleteMs: since(info.requestLastByteMs),
      // A connection that was there before the request began counts as connected at once.
      upstreamConnectedMs: Math.max(since(upstream?.connectedAtMs ?? -1), (upstream?.connectedAtMs ?? -1) < 0 ? -1 : 0),
      upstreamSentMs: since(upstream?.firstByteSentAtMs ?? -1),
      upstreamFirstByteMs: since(upstream?.firstByteReceivedAtMs ?? -1),
      responseFirstByteMs: since(info.responseFirstByteMs),
      totalMs: since(info.completedMs),
      bytesReceived: info.bytesReceived,
      bytesSent: info.bytesSent,
    });
  }

  /** Newest first. */
  recent(): FailedRequest[] {
    return this.#log.toArray().reverse();
  }

  #hosts(cluster: string, criteria: string): string {
    const nowMs = this.#clock.nowMs();
    const key = `${cluster}\n${criteria}`;
    const known = this.#described.get(key);
    if (known !== undefined && nowMs - known.atMs < HOSTS_FRESH_MS) return known.text;
    const text = this.#words.hosts(cluster, criteria);
    if (this.#described.size >= MAX_DESCRIBED_CLUSTERS) this.#described.clear();
    this.#described.set(key, { text, atMs: nowMs });
    return text;
  }
}

/** `?…` stands for a query, which may hold secrets. */
function shownPath(path: string): string {
  const question = path.indexOf("?");
  return (question === -1 ? path : `${path.slice(0, question)}?…`).slice(0, MAX_TEXT_CHARS);
}
