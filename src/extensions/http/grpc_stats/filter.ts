import { type BodyData, FilterDataStatus, FilterHeadersStatus, FilterTrailersStatus } from "../../../http/filter.ts";
import { GrpcFrameInspector } from "../../../http/grpc/grpc-frame-inspector.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../../http/header-map.ts";
import { isGrpcRequest } from "../../../http/local-reply.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";
import type { ClusterDirectory } from "../../../upstream/thread-local-cluster.ts";
import { type GrpcMethodStats, grpcClusterStats, grpcMethodOf } from "../../grpc/grpc-method-stats.ts";
import { clusterStatsOf } from "../../request-cluster.ts";

/** Envoy's `FilterConfig` of the filter, checked. Plain data. */
export interface GrpcStatsData {
  /** Those with stats of their own, as `service/method`. */
  readonly methods: "all" | readonly string[];
  readonly emitFilterState: boolean;
  readonly upstreamStats: boolean;
  /** Write dots in the names of services as `_`; only where all methods are counted apart. */
  readonly replaceDots: boolean;
}

/** What the streams of one configured filter on one worker share. */
export interface GrpcStatsRuntime {
  readonly data: GrpcStatsData;
  readonly methods: "all" | ReadonlySet<string>;
  readonly clusters: ClusterDirectory;
}

const FILTER_STATE_KEY = "envoy.filters.http.grpc_stats";

/**
 * Counts gRPC calls and their messages under `cluster.<name>.grpc.`, by method where that is wanted; with `emit_filter_state` also for
 * the access log. Source: Envoy's `GrpcStatsFilter`.
 */
export class GrpcStatsFilter extends PassThroughFilter {
  readonly #runtime: GrpcStatsRuntime;
  #stats: GrpcMethodStats | null = null;
  #isGrpc = false;
  #requests: GrpcFrameInspector | null = null;
  #responses: GrpcFrameInspector | null = null;
  #counts: { request_message_count: number; response_message_count: number } | null = null;

  constructor(runtime: GrpcStatsRuntime) {
    super();
    this.#runtime = runtime;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    if (!isGrpcRequest(headers)) return FilterHeadersStatus.continue;
    this.#isGrpc = true;
    this.#requests = new GrpcFrameInspector();
    this.#stats = this.#statsFor(headers);
    return FilterHeadersStatus.continue;
  }

  override decodeData({ bytes }: BodyData): FilterDataStatus {
    const count = this.#requests?.count(bytes) ?? 0;
    if (count > 0) {
      this.#stats?.chargeRequestMessages(count);
      this.#writeFilterState();
    }
    return FilterDataStatus.continue;
  }

  override encodeHeaders(headers: ResponseHeaderMap): FilterHeadersStatus {
    if (!this.#isGrpc) return FilterHeadersStatus.continue;
    if (headers.get("content-type")?.startsWith("application/grpc") === true)
      this.#responses = new GrpcFrameInspector();
    this.#stats?.chargeStatus(headers);
    return FilterHeadersStatus.continue;
  }

  override encodeData({ bytes }: BodyData, endStream: boolean): FilterDataStatus {
    const count = this.#responses?.count(bytes) ?? 0;
    if (count > 0) {
      this.#stats?.chargeResponseMessages(count);
      this.#writeFilterState();
    }
    if (endStream) this.#chargeTime();
    return FilterDataStatus.continue;
  }

  override encodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    this.#stats?.chargeStatus(trailers);
    this.#chargeTime();
    return FilterTrailersStatus.continue;
  }

  #statsFor(headers: RequestHeaderMap): GrpcMethodStats | null {
    const { clusters, data, methods } = this.#runtime;
    const method = grpcMethodOf(headers.path);
    const cluster = method === undefined ? null : clusterStatsOf(this.decoder, headers, clusters);
    if (method === undefined || cluster === null) return null;
    const stats = grpcClusterStats(cluster, "grpc");
    if (methods === "all") {
      return stats.method(data.replaceDots ? { ...method, service: method.service.replaceAll(".", "_") } : method);
    }
    return methods.has(`${method.service}/${method.method}`) ? stats.method(method) : stats.rest;
  }

  #writeFilterState(): void {
    if (!this.#runtime.data.emitFilterState) return;
    if (this.#counts === null) {
      this.#counts = { request_message_count: 0, response_message_count: 0 };
      this.decoder.streamInfo.setFilterState(FILTER_STATE_KEY, this.#counts, false);
    }
    this.#counts.request_message_count = this.#requests?.frameCount ?? 0;
    this.#counts.response_message_count = this.#responses?.frameCount ?? 0;
  }

  /** From the request fully sent to the response fully received. */
  #chargeTime(): void {
    if (this.#stats === null || !this.#runtime.data.upstreamStats) return;
    const sentMs = this.encoder.streamInfo.upstream?.lastByteSentAtMs ?? -1;
    if (sentMs >= 0) this.#stats.chargeTime(Math.max(0, this.encoder.timers.clock.nowMs() - sentMs));
  }
}
