import type { RandomSource } from "../../../base/random.ts";
import { FilterDataStatus, FilterHeadersStatus, FilterTrailersStatus, type LocalReply } from "../../../http/filter.ts";
import { GrpcStatus } from "../../../http/grpc/grpc-status.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";
import { ResponseFlag } from "../../../http/stream-info.ts";
import { isInFraction } from "../../../route/fraction.ts";
import type { HeaderMutations } from "../../../route/header-mutations.ts";
import { type RateLimitChoice, rateLimitDescriptors } from "../../../route/rate-limit-descriptors.ts";
import type { Route } from "../../../route/route.ts";
import type { Runtime, RuntimeShareData } from "../../../runtime/runtime.ts";
import type { AsyncCall } from "../../../upstream/async/async-failure.ts";
import type { ClusterStats } from "../../../upstream/cluster-stats.ts";
import type { ClusterDirectory } from "../../../upstream/thread-local-cluster.ts";
import { applyChanges, type HeaderChange } from "../../header-change.ts";
import { clusterStatsOf } from "../../request-cluster.ts";
import type { RateLimitAnswer, RateLimitClient } from "./rate-limit-client.ts";
import type { RateLimitFilterData, RateLimitFilterRouteData } from "./rate-limit-filter-data.ts";
import type { RateLimitCounters } from "./stats.ts";

/** What the streams of one configured filter on one worker share. */
export interface RateLimitRuntime {
  readonly data: RateLimitFilterData;
  readonly client: RateLimitClient;
  /** For routes that say nothing else. */
  readonly choice: RateLimitChoice;
  readonly responseHeaders: HeaderMutations;
  readonly stats: RateLimitCounters;
  readonly clusters: ClusterDirectory;
  readonly random: RandomSource;
  readonly values: Runtime;
}

const NAMESPACE = "envoy.filters.http.ratelimit";

/**
 * Asks the rate limit service about requests whose route has `rate_limits`, and answers those over a limit (429, flag RL, details
 * `request_rate_limited`). If the service fails, requests pass, or with `failure_mode_deny` get 500 (flag RLSE, `rate_limiter_error`). Source:
 * Envoy's HTTP rate limit filter.
 */
export class RateLimitFilter extends PassThroughFilter {
  readonly #runtime: RateLimitRuntime;
  #headers!: RequestHeaderMap;
  #cluster: ClusterStats | null = null;
  #isCalling = false;
  #refused = false;
  /** The service is being asked right now: its answer may come before the call returns. */
  #inCall = false;
  #call: AsyncCall | null = null;
  #responseHeaders: readonly HeaderChange[] = [];

  constructor(runtime: RateLimitRuntime) {
    super();
    this.#runtime = runtime;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    this.#headers = headers;
    if (!this.#happens(this.#runtime.data.enabled) || !this.#appliesTo(headers)) return FilterHeadersStatus.continue;
    this.#ask(headers);
    return this.#isCalling || this.#refused ? FilterHeadersStatus.stopIteration : FilterHeadersStatus.continue;
  }

  override decodeData(): FilterDataStatus {
    return this.#isCalling ? FilterDataStatus.stopIterationAndWatermark : FilterDataStatus.continue;
  }

  override decodeTrailers(): FilterTrailersStatus {
    return this.#isCalling ? FilterTrailersStatus.stopIteration : FilterTrailersStatus.continue;
  }

  override encodeHeaders(headers: ResponseHeaderMap): FilterHeadersStatus {
    this.#addResponseHeaders(headers);
    return FilterHeadersStatus.continue;
  }

  override onDestroy(): void {
    this.#call?.cancel();
    this.#call = null;
  }

  #happens(share: RuntimeShareData): boolean {
    const { values, random } = this.#runtime;
    return isInFraction(values.share(share), random.uint32());
  }

  #appliesTo(headers: RequestHeaderMap): boolean {
    const { requestType } = this.#runtime.data;
    if (requestType === "both") return true;
    return (headers.get("x-envoy-internal") === "true") === (requestType === "internal");
  }

  #ask(headers: RequestHeaderMap): void {
    const { client, clusters, data } = this.#runtime;
    this.#cluster = clusterStatsOf(this.decoder, headers, clusters);
    if (this.#cluster === null) return;
    // What stands behind a stream's route is always one of src/route.
    const route = this.decoder.route() as Route | null;
    const ofRoute = this.decoder.perFilterConfig() as RateLimitFilterRouteData | undefined;
    const choice = ofRoute === undefined ? this.#runtime.choice : { ...this.#runtime.choice, ...ofRoute };
    const { streamInfo } = this.decoder;
    const descriptors = rateLimitDescriptors(route, choice, headers, streamInfo, this.#runtime);
    if (descriptors.length === 0) return;
    this.#isCalling = true;
    this.#inCall = true;
    const domain = ofRoute === undefined || ofRoute.domain === "" ? data.domain : ofRoute.domain;
    const call = client.ask(domain, descriptors, streamInfo.span, (answer) => this.#onAnswer(answer));
    this.#inCall = false;
    if (this.#isCalling) this.#call = call;
  }

  // ---- the answer ----

  #onAnswer(answer: RateLimitAnswer): void {
    this.#call = null;
    this.#isCalling = false;
    if (answer.verdict === "error") {
      this.#onError();
      return;
    }
    const { data, stats } = this.#runtime;
    const isOver = answer.verdict === "overLimit";
    const counters = stats.of(this.#cluster!);
    (isOver ? counters.overLimit : counters.ok).inc();
    if (answer.metadata !== null) this.#takeMetadata(answer.metadata);
    this.#responseHeaders = [...answer.responseHeaders, ...(data.tellsLimits ? answer.limitHeaders : [])];
    if (isOver) {
      this.#cluster!.responses.chargeResponse(data.status, { internal: true, canary: false });
      if (this.#happens(data.enforced)) {
        this.#onOverLimit(answer.body);
        return;
      }
    }
    applyChanges(this.#headers, answer.requestHeaders);
    this.#goOn();
  }

  #onOverLimit(body: string): void {
    const { data, responseHeaders } = this.#runtime;
    const { streamInfo } = this.decoder;
    streamInfo.setResponseFlag(ResponseFlag.RL);
    this.#refuse({
      status: data.status,
      body,
      details: "request_rate_limited",
      modifyHeaders: (headers) => {
        if (this.#responseHeaders.some(({ name }) => name === "content-type")) headers.remove("content-type");
        this.#addResponseHeaders(headers);
        if (data.tellsRefusal) headers.set("x-envoy-ratelimited", "true");
        responseHeaders.apply(headers, {
          requestHeaders: this.#headers,
          responseHeaders: headers,
          responseTrailers: null,
          streamInfo,
          accessLogType: "NotSet",
        });
      },
      ...(data.asResourceExhausted && { grpcStatus: GrpcStatus.resourceExhausted }),
    });
  }

  #onError(): void {
    const { data, stats } = this.#runtime;
    const counters = stats.of(this.#cluster!);
    counters.error.inc();
    if (!this.#happens(data.failureModeDeny)) {
      counters.failureModeAllowed.inc();
      this.#goOn();
      return;
    }
    this.decoder.streamInfo.setResponseFlag(ResponseFlag.RLSE);
    this.#refuse({ status: data.statusOnError, body: "", details: "rate_limiter_error" });
  }

  #takeMetadata(metadata: Readonly<Record<string, unknown>>): void {
    const own = this.decoder.streamInfo.metadata(NAMESPACE);
    for (const [key, value] of Object.entries(metadata)) own[key] = value;
  }

  #addResponseHeaders(headers: ResponseHeaderMap): void {
    const changes = this.#responseHeaders;
    this.#responseHeaders = [];
    if (changes.length > 0) applyChanges(headers, changes);
  }

  #goOn(): void {
    if (!this.#inCall) this.decoder.continueDecoding();
  }

  #refuse(reply: LocalReply): void {
    this.#refused = true;
    this.decoder.sendLocalReply(reply);
  }
}
