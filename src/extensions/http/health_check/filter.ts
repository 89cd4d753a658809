import { type BodyData, FilterDataStatus, FilterHeadersStatus, FilterTrailersStatus } from "../../../http/filter.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";
import { ResponseFlag } from "../../../http/stream-info.ts";
import { type HeaderMatcher, matchesAllHeaders } from "../../../match/header-matcher.ts";
import type { ClusterDirectory } from "../../../upstream/thread-local-cluster.ts";
import type { WorkerCondition } from "../../extension-module.ts";
import type { AnswerCache, CachedAnswer } from "./answer-cache.ts";
import type { HealthCheckFilterData } from "./health-check-filter-data.ts";

/** What the streams of one configured filter on one worker share. */
export interface HealthCheckRuntime {
  readonly data: HealthCheckFilterData;
  readonly matchers: readonly HeaderMatcher[];
  /** Null = nothing is cached. */
  readonly cache: AnswerCache | null;
  readonly clusters: ClusterDirectory;
  readonly condition: WorkerCondition;
}

interface Verdict {
  readonly status: number;
  readonly details: string;
  readonly degraded: boolean;
}

const FAILED: Verdict = { status: 503, details: "health_check_failed", degraded: false };

/**
 * Answers health checks of this server: from its own condition and that of its clusters, or from what an upstream has answered lately.
 * While the server is to fail its checks, responses to other requests say so, too. Source: Envoy's `HealthCheckFilter`.
 */
export class HealthCheckFilter extends PassThroughFilter {
  readonly #runtime: HealthCheckRuntime;
  #isHealthCheck = false;
  #answersHere = false;
  #cached: CachedAnswer | null = null;

  constructor(runtime: HealthCheckRuntime) {
    super();
    this.#runtime = runtime;
  }

  override decodeHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    const { data, matchers, condition, cache } = this.#runtime;
    if (!matchesAllHeaders(matchers, headers)) return FilterHeadersStatus.continue;
    this.#isHealthCheck = true;
    this.decoder.streamInfo.healthCheck = true;
    this.#cached = cache === null ? null : cache.get();
    this.#answersHere = !data.passThrough || condition.healthCheckFailed || this.#cached !== null;
    if (!this.#answersHere) return FilterHeadersStatus.continue;
    if (endStream) this.#answer();
    return FilterHeadersStatus.stopIteration;
  }

  override decodeData(_data: BodyData, endStream: boolean): FilterDataStatus {
    if (!this.#answersHere) return FilterDataStatus.continue;
    if (endStream) this.#answer();
    return FilterDataStatus.stopIterationNoBuffer;
  }

  override decodeTrailers(): FilterTrailersStatus {
    if (!this.#answersHere) return FilterTrailersStatus.continue;
    this.#answer();
    return FilterTrailersStatus.stopIteration;
  }

  override encodeHeaders(headers: ResponseHeaderMap): FilterHeadersStatus {
    const { data, condition, cache } = this.#runtime;
    if (this.#isHealthCheck) {
      cache?.set({ status: headers.status, degraded: headers.has("x-envoy-degraded") });
      headers.set("x-envoy-upstream-healthchecked-cluster", data.localCluster);
    } else if (condition.healthCheckFailed) {
      headers.set("x-envoy-immediate-health-check-fail", "true");
    }
    return FilterHeadersStatus.continue;
  }

  #answer(): void {
    const { status, details, degraded } = this.#judge();
    if (status < 200 || status > 299) this.decoder.streamInfo.setResponseFlag(ResponseFlag.LH);
    this.decoder.sendLocalReply({
      status,
      body: "",
      details,
      ...(degraded && { modifyHeaders: (headers) => headers.set("x-envoy-degraded", "") }),
    });
  }

  #judge(): Verdict {
    const { data, condition } = this.#runtime;
    if (condition.healthCheckFailed) return FAILED;
    if (this.#cached !== null) return { ...this.#cached, details: "health_check_cached" };
    const { minHealthyPercentages } = data;
    if (minHealthyPercentages.length === 0) return { status: 200, details: "health_check_ok", degraded: false };
    for (const { cluster, percent } of minHealthyPercentages) {
      const details = this.#problemOf(cluster, percent);
      if (details !== "") return { status: 503, details, degraded: false };
    }
    return { status: 200, details: "health_check_ok_cluster_healthy", degraded: false };
  }

  /** Why a cluster does not suffice, as response code details; `""` if it does. */
  #problemOf(name: string, percent: number): string {
    const cluster = this.#runtime.clusters.get(name);
    if (cluster === undefined) return "health_check_failed_no_cluster_found";
    const { total, healthy, degraded } = cluster.hostCounts;
    if (total === 0) return percent === 0 ? "" : "health_check_failed_cluster_empty";
    return 100 * (healthy + degraded) < total * percent ? "health_check_failed_cluster_unhealthy" : "";
  }
}
