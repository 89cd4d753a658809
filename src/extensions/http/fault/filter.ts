import type { RandomSource } from "../../../base/random.ts";
import type { WheelTimer } from "../../../base/timer-wheel.ts";
import {
  type BodyData,
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type LocalReply,
} from "../../../http/filter.ts";
import type { RequestHeaderMap } from "../../../http/header-map.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";
import { ResponseFlag } from "../../../http/stream-info.ts";
import type { Route } from "../../../route/route.ts";
import type { CircuitBreaker } from "../../../upstream/circuit-breaker/circuit-breaker.ts";
import type { FaultAnswer, FaultChoice } from "./fault-choice.ts";
import { ResponseThrottle } from "./response-throttle.ts";
import type { FaultStats } from "./stats.ts";

const METADATA_NAMESPACE = "envoy.filters.http.fault";

/** What the streams of one configured filter on one worker share. */
export interface FaultRuntime {
  readonly choice: FaultChoice;
  readonly stats: FaultStats;
  /** Requests of all workers that have a fault now. */
  readonly active: CircuitBreaker;
  readonly random: RandomSource;
}

/**
 * Makes requests fail for a test: delays them (flag DI), answers them (FI, `fault_filter_abort`), slows their responses down. A route's
 * settings take the place of the filter's. Source: Envoy's `FaultFilter`.
 */
export class FaultFilter extends PassThroughFilter {
  readonly #runtime: FaultRuntime;
  #choice!: FaultChoice;
  #headers!: RequestHeaderMap;
  #isActive = false;
  #delay: WheelTimer | null = null;
  #throttle: ResponseThrottle | null = null;

  constructor(runtime: FaultRuntime) {
    super();
    this.#runtime = runtime;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    const { stats, random, active } = this.#runtime;
    const choice = (this.decoder.perFilterConfig() as FaultChoice | undefined) ?? this.#runtime.choice;
    if (active.count >= choice.maxActiveFaults) {
      stats.faultsOverflow.inc();
      return FilterHeadersStatus.continue;
    }
    if (!choice.matches(headers, this.decoder.route() as Route | null)) return FilterHeadersStatus.continue;
    this.#choice = choice;
    this.#headers = headers;
    const kibPerSecond = choice.kibPerSecond(headers, random);
    if (kibPerSecond > 0) {
      this.#begin();
      stats.responseRateLimitsInjected.inc();
      this.#throttle = new ResponseThrottle(this.encoder, kibPerSecond);
    }
    const delayMs = choice.delayMs(headers, random);
    if (delayMs > 0) {
      this.#startDelay(delayMs);
      return FilterHeadersStatus.stopIteration;
    }
    return this.#abort() ? FilterHeadersStatus.stopIteration : FilterHeadersStatus.continue;
  }

  override decodeData(): FilterDataStatus {
    return this.#delay === null ? FilterDataStatus.continue : FilterDataStatus.stopIterationAndWatermark;
  }

  override decodeTrailers(): FilterTrailersStatus {
    return this.#delay === null ? FilterTrailersStatus.continue : FilterTrailersStatus.stopIteration;
  }

  override encodeData({ bytes }: BodyData, endStream: boolean): FilterDataStatus {
    if (this.#throttle === null) return FilterDataStatus.continue;
    this.#throttle.write(bytes, endStream);
    return FilterDataStatus.stopIterationNoBuffer;
  }

  override encodeTrailers(): FilterTrailersStatus {
    const waits = this.#throttle?.holdsTrailers() === true;
    return waits ? FilterTrailersStatus.stopIteration : FilterTrailersStatus.continue;
  }

  override onDestroy(): void {
    this.#delay?.disarm();
    this.#throttle?.destroy();
    if (!this.#isActive) return;
    this.#isActive = false;
    this.#runtime.active.release();
    this.#runtime.stats.activeFaults.dec();
  }

  #startDelay(delayMs: number): void {
    const { stats } = this.#runtime;
    this.#begin();
    stats.delaysInjected.inc();
    stats.ofCluster(this.#downstreamCluster())?.delaysInjected.inc();
    this.decoder.streamInfo.setResponseFlag(ResponseFlag.DI);
    this.#noteMetadata();
    this.#delay = this.decoder.timers.timer(() => {
      this.#delay = null;
      if (!this.#abort()) this.decoder.continueDecoding();
    });
    this.#delay.arm(delayMs);
  }

  /** Answers the request, if that is its fault. */
  #abort(): boolean {
    const answer = this.#choice.abort(this.#headers, this.#runtime.random);
    if (answer === null) return false;
    const { stats } = this.#runtime;
    this.#begin();
    stats.abortsInjected.inc();
    stats.ofCluster(this.#downstreamCluster())?.abortsInjected.inc();
    this.decoder.streamInfo.setResponseFlag(ResponseFlag.FI);
    this.#noteMetadata();
    this.decoder.sendLocalReply(replyOf(answer));
    return true;
  }

  /** However many faults a request has, it counts once. */
  #begin(): void {
    if (this.#isActive) return;
    this.#isActive = true;
    this.#runtime.active.acquire();
    this.#runtime.stats.activeFaults.inc();
  }

  #noteMetadata(): void {
    const { metadata } = this.#choice.data;
    if (metadata !== null) Object.assign(this.decoder.streamInfo.metadata(METADATA_NAMESPACE), metadata);
  }

  #downstreamCluster(): string {
    const { countsByDownstreamCluster } = this.#choice.data;
    return countsByDownstreamCluster ? (this.#headers.get("x-envoy-downstream-service-cluster") ?? "") : "";
  }
}

function replyOf({ status, grpcStatus }: FaultAnswer): LocalReply {
  const reply = { status, body: "fault filter abort", details: "fault_filter_abort" };
  return grpcStatus === null ? reply : { ...reply, grpcStatus };
}
