import type { Clock } from "../../../base/clock.ts";
import type { WheelTimer } from "../../../base/timer-wheel.ts";
import type { StreamResetReason } from "../../../http/codec.ts";
import {
  type BodyData,
  type DownstreamWatermarkCallbacks,
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type LocalReply,
  type StreamDecoderFilter,
  type StreamDecoderFilterCallbacks,
} from "../../../http/filter.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../../http/header-map.ts";
import { ResponseFlag } from "../../../http/stream-info.ts";
import { PLAIN_LOAD_BALANCER_CONTEXT } from "../../../lb/load-balancer-context.ts";
import { rewriteAuthority } from "../../../route/rewrite-authority.ts";
import type { ForwardAction, Route } from "../../../route/route.ts";
import type { ResponseTraits } from "../../../upstream/response-stats.ts";
import type { ClusterDirectory, ThreadLocalCluster } from "../../../upstream/thread-local-cluster.ts";
import type { RouterStats } from "./stats.ts";
import { failureOf, resetDetails } from "./upstream-failure.ts";
import { UpstreamRequest, type UpstreamRequestOwner } from "./upstream-request.ts";

/** Envoy's `Router` message, checked. Plain data. */
export interface RouterData {
  /** Leaves out the `x-envoy-` headers that the router would add. */
  readonly suppressEnvoyHeaders: boolean;
}

/** What all routers of one filter chain on one worker share. */
export interface RouterRuntime {
  readonly data: RouterData;
  readonly stats: RouterStats;
  readonly clusters: ClusterDirectory;
  readonly clock: Clock;
}

/** The four kinds of response that are counted apart; shared, so that counting allocates nothing. */
const TRAITS: readonly ResponseTraits[] = [
  { internal: false, canary: false },
  { internal: true, canary: false },
  { internal: false, canary: true },
  { internal: true, canary: true },
];

/** Methods whose repetition has no further effect (RFC 9110 §9.2.2). */
const IDEMPOTENT_METHODS = new Set(["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"]);

/**
 * The terminal HTTP filter: takes the request to a host of the route's cluster and the response back, or answers it
 * itself. Source: Envoy's `Router::Filter`.
 * Differs from Envoy: an idempotent request without body whose reused connection dies before any byte of a response is
 * sent once more, whatever the retry policy: such a connection was most likely being closed by the host already.
 */
export class Router implements StreamDecoderFilter, UpstreamRequestOwner, DownstreamWatermarkCallbacks {
  private readonly runtime: RouterRuntime;
  private callbacks!: StreamDecoderFilterCallbacks;
  private route!: Route;
  private action!: ForwardAction;
  private cluster: ThreadLocalCluster | null = null;
  private headers!: RequestHeaderMap;
  private request: UpstreamRequest | null = null;
  private requestEnded = false;
  private hasBody = false;
  private requestCompleteMs = -1;
  private responseStarted = false;
  private finished = false;
  private traits: ResponseTraits = TRAITS[0]!;
  private attempts = 0;
  private timeoutMs = 0;
  private timeoutTimer: WheelTimer | null = null;

  constructor(runtime: RouterRuntime) {
    this.runtime = runtime;
  }

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.callbacks = callbacks;
  }

  // ---- the request ----

  decodeHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    this.headers = headers;
    this.runtime.stats.rqTotal.inc();
    // What stands behind a stream's route is always one of src/route.
    const route = this.callbacks.route() as Route | null;
    if (route === null) return this.#refuse(ResponseFlag.NR, 404, "route_not_found");
    this.route = route;
    const action = route.action;
    switch (action.type) {
      case "forward":
        return this.#forward(action, headers, endStream);
      case "redirect":
        return this.#redirect(action.status, action.location(headers));
      case "directResponse":
        return this.#directResponse(action.status, action.body);
      case "nonForwarding":
        return this.#refuse(ResponseFlag.NR, 404, "route_not_found");
    }
  }

  decodeData(data: BodyData, endStream: boolean): FilterDataStatus {
    this.hasBody = true;
    this.request?.sendData(data.bytes, endStream);
    if (endStream) this.#onRequestEnd();
    return FilterDataStatus.stopIterationNoBuffer;
  }

  decodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    this.request?.sendTrailers(trailers);
    this.#onRequestEnd();
    return FilterTrailersStatus.stopIteration;
  }

  onDestroy(): void {
    this.finished = true;
    this.timeoutTimer?.disarm();
    this.request?.cancel();
    this.request = null;
  }

  #forward(action: ForwardAction, headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    const name = action.clusterName(headers);
    const cluster = this.runtime.clusters.get(name);
    if (cluster === undefined) {
      return this.#refuse(ResponseFlag.NC, action.clusterNotFoundStatus, "cluster_not_found");
    }
    this.action = action;
    this.cluster = cluster;
    const info = this.callbacks.streamInfo.ensureUpstream();
    info.clusterName = cluster.info.observabilityName;
    this.timeoutMs = this.#decideTimeout(action, headers);
    this.route.finalizeRequestHeaders(headers, this.callbacks.streamInfo, !this.runtime.data.suppressEnvoyHeaders);
    this.traits = headers.get("x-envoy-internal") === "true" ? TRAITS[1]! : TRAITS[0]!;
    if (!this.runtime.data.suppressEnvoyHeaders && this.timeoutMs > 0) {
      headers.set("x-envoy-expected-rq-timeout-ms", String(this.timeoutMs));
    }
    this.#startAttempt(endStream);
    if (endStream && !this.finished) this.#onRequestEnd();
    return FilterHeadersStatus.stopIteration;
  }

  /** `x-envoy-upstream-rq-timeout-ms` is honoured here; requests from outside have lost it before. */
  #decideTimeout(action: ForwardAction, headers: RequestHeaderMap): number {
    const wish = headers.get("x-envoy-upstream-rq-timeout-ms");
    if (wish === undefined) return action.timeoutMs;
    headers.remove("x-envoy-upstream-rq-timeout-ms");
    return /^\d{1,10}$/.test(wish) ? Number(wish) : action.timeoutMs;
  }

  #startAttempt(endStream: boolean): void {
    const cluster = this.cluster!;
    const streamInfo = this.callbacks.streamInfo;
    const host = cluster.chooseHost(PLAIN_LOAD_BALANCER_CONTEXT);
    if (host === null) {
      streamInfo.setResponseFlag(ResponseFlag.UH);
      this.#chargeLocal(503);
      this.#reply({ status: 503, body: "no healthy upstream", details: "no_healthy_upstream" });
      return;
    }
    this.attempts++;
    const info = streamInfo.ensureUpstream();
    info.attemptCount = this.attempts;
    if (this.action.autoHostRewrite && host.hostname !== "") {
      const keepOriginal = !this.runtime.data.suppressEnvoyHeaders;
      rewriteAuthority(this.headers, host.hostname, this.action.appendXForwardedHost, keepOriginal);
    }
    if (this.route.virtualHost.includeRequestAttemptCount) {
      this.headers.set("x-envoy-attempt-count", String(this.attempts));
    }
    const request = new UpstreamRequest(this, cluster, host, this.headers, endStream, info);
    this.request = request;
    this.callbacks.setDownstreamWatermarkCallbacks(this);
    request.start(this.action.priority);
  }

  #onRequestEnd(): void {
    if (this.requestEnded || this.finished) return;
    this.requestEnded = true;
    this.requestCompleteMs = this.runtime.clock.nowMs();
    if (this.timeoutMs > 0 && this.request !== null) {
      this.timeoutTimer = this.callbacks.timers.timer(() => this.#onTimeout());
      this.timeoutTimer.arm(this.timeoutMs);
    }
  }

  // ---- answers of its own ----

  #refuse(flag: ResponseFlag, status: number, details: string): FilterHeadersStatus {
    if (flag === ResponseFlag.NC) this.runtime.stats.noCluster.inc();
    else this.runtime.stats.noRoute.inc();
    this.callbacks.streamInfo.setResponseFlag(flag);
    this.#reply({ status, body: "", details });
    return FilterHeadersStatus.stopIteration;
  }

  #redirect(status: number, location: string): FilterHeadersStatus {
    this.runtime.stats.rqRedirect.inc();
    this.#replyOfRoute(status, "", (headers) => headers.add("location", location));
    return FilterHeadersStatus.stopIteration;
  }

  #directResponse(status: number, body: Buffer): FilterHeadersStatus {
    this.runtime.stats.rqDirectResponse.inc();
    this.#replyOfRoute(status, body.toString("utf8"), null);
    return FilterHeadersStatus.stopIteration;
  }

  #replyOfRoute(status: number, body: string, before: ((headers: ResponseHeaderMap) => void) | null): void {
    this.#reply({
      status,
      body,
      details: "direct_response",
      modifyHeaders: (headers) => {
        before?.(headers);
        this.route.finalizeResponseHeaders(headers, this.headers, this.callbacks.streamInfo);
      },
    });
  }

  #reply(reply: LocalReply): void {
    this.finished = true;
    this.timeoutTimer?.disarm();
    this.callbacks.sendLocalReply(reply);
  }

  #chargeLocal(status: number): void {
    this.cluster!.info.stats.responses.chargeResponse(status, this.traits);
  }

  // ---- the response, from the attempt ----

  nowMs(): number {
    return this.runtime.clock.nowMs();
  }

  onUpstream1xxHeaders(headers: ResponseHeaderMap): void {
    this.callbacks.encode1xxHeaders(headers);
  }

  onUpstreamHeaders(request: UpstreamRequest, headers: ResponseHeaderMap, endStream: boolean): void {
    const host = request.host;
    if (headers.status >= 500) host.stats.rqError++;
    else host.stats.rqSuccess++;
    if (host.canary || headers.get("x-envoy-upstream-canary") === "true") {
      this.traits = TRAITS[this.traits.internal ? 3 : 2]!;
    }
    this.cluster!.info.stats.responses.chargeResponse(headers.status, this.traits);
    if (this.requestCompleteMs >= 0 && !this.runtime.data.suppressEnvoyHeaders) {
      const tookMs = Math.max(0, Math.round(this.nowMs() - this.requestCompleteMs));
      headers.set("x-envoy-upstream-service-time", String(tookMs));
    }
    if (this.route.virtualHost.includeAttemptCountInResponse) {
      headers.set("x-envoy-attempt-count", String(this.attempts));
    }
    this.route.finalizeResponseHeaders(headers, this.headers, this.callbacks.streamInfo);
    this.responseStarted = true;
    if (endStream) this.#onUpstreamComplete();
    this.callbacks.encodeHeaders(headers, endStream, "via_upstream");
  }

  onUpstreamData(data: Buffer, endStream: boolean): void {
    if (endStream) this.#onUpstreamComplete();
    this.callbacks.encodeData(data, endStream);
  }

  onUpstreamTrailers(trailers: TrailerMap): void {
    this.#onUpstreamComplete();
    this.callbacks.encodeTrailers(trailers);
  }

  #onUpstreamComplete(): void {
    this.timeoutTimer?.disarm();
    if (this.requestCompleteMs < 0) return;
    this.cluster!.info.stats.responses.chargeTime(this.nowMs() - this.requestCompleteMs, this.traits);
  }

  onUpstreamReset(request: UpstreamRequest, reason: StreamResetReason, transportFailure: string): void {
    if (this.finished) return;
    request.host.stats.rqError++;
    this.request = null;
    if (this.#mayRepeat(request, reason)) {
      this.cluster!.info.stats.rq.retry.inc();
      this.#startAttempt(true);
      return;
    }
    const streamInfo = this.callbacks.streamInfo;
    const failure = failureOf(reason);
    streamInfo.setResponseFlag(failure.flag);
    if (this.responseStarted) {
      this.runtime.stats.rqResetAfterDownstreamResponseStarted.inc();
      streamInfo.responseCodeDetails = resetDetails(true, reason, transportFailure);
      this.finished = true;
      this.timeoutTimer?.disarm();
      this.callbacks.resetStream();
      return;
    }
    this.#chargeLocal(failure.status);
    const overloaded = reason === "overflow" && !this.runtime.data.suppressEnvoyHeaders;
    this.#reply({
      status: failure.status,
      body: `upstream connect error or disconnect/reset before headers. reset reason: ${reason}`,
      details: resetDetails(false, reason, transportFailure),
      ...(overloaded && { modifyHeaders: (headers: ResponseHeaderMap) => headers.add("x-envoy-overloaded", "true") }),
    });
  }

  #mayRepeat(request: UpstreamRequest, reason: StreamResetReason): boolean {
    return (
      reason === "connection termination" &&
      request.reusedConnection &&
      !request.responseBegun &&
      this.attempts === 1 &&
      this.requestEnded &&
      !this.hasBody &&
      IDEMPOTENT_METHODS.has(this.headers.method)
    );
  }

  #onTimeout(): void {
    const request = this.request;
    if (this.finished || request === null) return;
    const streamInfo = this.callbacks.streamInfo;
    this.cluster!.info.stats.rq.timeout.inc();
    request.host.stats.rqTimeout++;
    request.cancel();
    this.request = null;
    streamInfo.setResponseFlag(ResponseFlag.UT);
    if (this.responseStarted) {
      streamInfo.responseCodeDetails = "response_timeout";
      this.finished = true;
      this.callbacks.resetStream();
      return;
    }
    this.#chargeLocal(504);
    this.#reply({ status: 504, body: "upstream request timeout", details: "response_timeout" });
  }

  // ---- flow control ----

  onUpstreamAboveWriteBufferHighWatermark(): void {
    this.cluster!.info.stats.flow.backedUp.inc();
    this.callbacks.onDecoderFilterAboveWriteBufferHighWatermark();
  }
  onUpstreamBelowWriteBufferLowWatermark(): void {
    this.cluster!.info.stats.flow.drained.inc();
    this.callbacks.onDecoderFilterBelowWriteBufferLowWatermark();
  }
  onAboveWriteBufferHighWatermark(): void {
    this.cluster!.info.stats.flow.pausedReading.inc();
    this.request?.readDisable(true);
  }
  onBelowWriteBufferLowWatermark(): void {
    this.cluster!.info.stats.flow.resumedReading.inc();
    this.request?.readDisable(false);
  }
}
