import type { TimerWheel, WheelTimer } from "../../../base/timer-wheel.ts";
import type { StreamResetReason } from "../../../http/codec.ts";
import type { DownstreamWatermarkCallbacks, LocalReply } from "../../../http/filter.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../../http/header-map.ts";
import { ResponseFlag } from "../../../http/stream-info.ts";
import type { InternalRedirectData } from "../../../route/internal-redirect-data.ts";
import type { Counter } from "../../../stats/scope.ts";
import type { Host } from "../../../upstream/host.ts";
import { Attempts } from "./attempts.ts";
import { followRedirect } from "./internal-redirect.ts";
import { PerTryTimers, type PerTryTimersOwner } from "./per-try-timers.ts";
import { RequestCharges } from "./request-charges.ts";
import { type RequestControls, takeRequestControls } from "./request-controls.ts";
import type { RequestScope } from "./request-scopes.ts";
import { expectedTimeoutMs, perTryTimeoutMs, requestTimeoutMs } from "./request-timeouts.ts";
import { isKeepAliveRace } from "./retry/keep-alive-race.ts";
import { ReplayBody, replayLimitBytes } from "./retry/replay-body.ts";
import { DEFAULT_RETRY_POLICY, type RetryPolicy, retryPolicyOf } from "./retry/retry-policy.ts";
import { mayBeRetried, RetryState, type RetryVerdict } from "./retry/retry-state.ts";
import type { RoutedRequest } from "./routed-request.ts";
import { Shadows } from "./shadows.ts";
import { failureOf, resetDetails, resetReply } from "./upstream-failure.ts";
import type { UpstreamRequest, UpstreamRequestOwner } from "./upstream-request.ts";

/**
 * One request on its way to its route's cluster and the response on its way back: attempts, retries, timeouts, and the
 * answers to what fails.
 * Differs from Envoy: an idempotent request without body whose reused connection dies before any byte of a response is
 * sent once more, whatever the retry policy: such a connection was most likely being closed by the host already. So is any request
 * without body that HTTP/2 has refused.
 */
export class Forwarding implements UpstreamRequestOwner, PerTryTimersOwner, DownstreamWatermarkCallbacks {
  private readonly routed: RoutedRequest;
  private readonly attempts: Attempts;
  private hedges = false;
  /** Null if there are none, or they need nothing any more. */
  private shadows: Shadows | null = null;
  private requestEnded = false;
  private hasBody = false;
  private requestCompleteMs = -1;
  private responseStarted = false;
  private finished = false;
  private charges!: RequestCharges;
  private timeoutMs = 0;
  private timeoutTimer: WheelTimer | null = null;
  /** Null if attempts have no limits of their own. */
  private perTry: PerTryTimers | null = null;
  private timeoutStatus = 504;
  /** Null if no retry is possible, from the start or any more. */
  private retry: RetryState | null = null;
  /** What another attempt, or the request after a redirect, has to send again. Null if nothing has to, or any more can. */
  private replay: ReplayBody | null = null;
  private afterPerTryTimeout = false;

  constructor(routed: RoutedRequest) {
    this.routed = routed;
    this.attempts = new Attempts(routed);
  }

  // ---- the request ----

  /** Begins with the first attempt, or answers at once if there can't be any. */
  start(endStream: boolean): void {
    const { action, headers } = this.routed;
    const streamInfo = this.routed.callbacks.streamInfo;
    const info = streamInfo.ensureUpstream();
    info.clusterName = this.routed.cluster.info.observabilityName;
    info.clusterRawName = this.routed.cluster.info.name;
    const { data } = this.routed.runtime;
    const scopes = this.routed.runtime.scopes.of(this.routed.route, headers, streamInfo);
    const controls = takeRequestControls(headers);
    const policy = action.settings.retryPolicy === null ? null : retryPolicyOf(action.settings.retryPolicy);
    this.timeoutMs = requestTimeoutMs(action, controls, headers, data.respectsExpectedTimeout);
    const perTryMs = perTryTimeoutMs(this.timeoutMs, policy, controls);
    const perTryIdleMs = policy === null ? 0 : policy.perTryIdleTimeoutMs;
    if (perTryMs > 0 || perTryIdleMs > 0) {
      this.perTry = new PerTryTimers(perTryMs, perTryIdleMs, this.routed.callbacks.timers, this);
    }
    this.hedges = controls?.hedgeOnPerTryTimeout ?? action.settings.hedgeOnPerTryTimeout;
    if (controls?.timeoutIsNoContent) this.timeoutStatus = 204;
    if (policy !== null || controls !== null) this.#prepareRetries(policy ?? DEFAULT_RETRY_POLICY, controls, scopes);
    if (this.retry !== null || action.settings.internalRedirect !== null)
      this.replay = new ReplayBody(this.#replayLimitBytes());
    this.routed.route.finalizeRequestHeaders(headers, streamInfo, !data.suppressEnvoyHeaders);
    this.charges = new RequestCharges(this.routed.cluster, scopes, data, headers, streamInfo, this.timeoutMs);
    const copied = action.settings.mirrors.length > 0 ? headers.clone() : null;
    this.#startAttempt(endStream);
    if (copied !== null && !this.finished) this.#startShadows(copied, endStream);
    if (endStream && !this.finished) this.#onRequestEnd();
  }

  #startShadows(headers: RequestHeaderMap, endStream: boolean): void {
    const { action, cluster, callbacks, runtime } = this.routed;
    const settings = {
      timers: callbacks.timers,
      priority: action.settings.priority,
      downstreamProtocol: callbacks.streamInfo.protocol,
      timeoutMs: this.timeoutMs,
      limitBytes: this.#replayLimitBytes(),
      streamInfo: callbacks.streamInfo,
      onAbandoned: () => cluster.info.stats.retryOrShadowAbandoned.inc(),
    };
    this.shadows = Shadows.begin(action.settings.mirrors, headers, endStream, runtime, settings);
  }

  #replayLimitBytes(): number {
    return replayLimitBytes(this.routed.callbacks.decoderBufferLimitBytes, this.routed.route.requestBufferLimitBytes);
  }

  /** Body of the request; may end in an answer. */
  sendData(bytes: Buffer, endStream: boolean): void {
    this.hasBody = true;
    if (this.replay !== null && !this.#keepForReplay(bytes)) return;
    this.shadows?.sendData(bytes, endStream);
    this.attempts.current?.sendData(bytes, endStream);
    if (endStream) this.#onRequestEnd();
  }

  /** Ends the request. */
  sendTrailers(trailers: TrailerMap): void {
    if (this.replay !== null) this.replay.trailers = trailers;
    this.shadows?.sendTrailers(trailers);
    this.attempts.current?.sendTrailers(trailers);
    this.#onRequestEnd();
  }

  /** The client has gone, or what it gets comes from elsewhere. No calls back. */
  cancel(): void {
    this.#finish();
    this.shadows?.cancel();
    this.shadows = null;
  }

  #prepareRetries(policy: RetryPolicy, controls: RequestControls | null, scopes: readonly RequestScope[]): void {
    if (!mayBeRetried(policy, controls, this.routed.headers)) return;
    const environment = { timers: this.routed.callbacks.timers, random: this.routed.runtime.random };
    const { info } = this.routed.cluster;
    const onDue = () => this.#onRetryDue();
    this.retry = new RetryState(
      policy,
      controls,
      info,
      scopes,
      this.routed.action.settings.priority,
      environment,
      onDue,
    );
  }

  /** What the host is told of how long it has; 0 = nothing. */
  #expectedTimeoutMs(): number {
    if (this.routed.runtime.data.suppressEnvoyHeaders) return 0;
    const elapsedMs = this.requestCompleteMs < 0 ? 0 : this.nowMs() - this.requestCompleteMs;
    const perTryMs = this.perTry === null || this.hedges ? 0 : this.perTry.timeoutMs;
    return expectedTimeoutMs(this.timeoutMs, perTryMs, elapsedMs);
  }

  #startAttempt(endStream: boolean): void {
    const { action, callbacks } = this.routed;
    const request = this.attempts.next(this, {
      endStream,
      retryHosts: this.retry === null ? null : this.retry.hosts,
      expectedTimeoutMs: this.#expectedTimeoutMs(),
      perTryTimeoutMs: this.perTry?.timeoutMs ?? 0,
      afterPerTryTimeout: this.afterPerTryTimeout,
    });
    if (request === null) {
      callbacks.streamInfo.setResponseFlag(ResponseFlag.UH);
      this.charges.status(503, null);
      this.#reply({ status: 503, body: "no healthy upstream", details: "no_healthy_upstream" });
      return;
    }
    callbacks.setDownstreamWatermarkCallbacks(this);
    request.start(action.settings.priority, callbacks.streamInfo.protocol);
  }

  #onRequestEnd(): void {
    if (this.requestEnded || this.finished) return;
    this.requestEnded = true;
    // Whole copies go on by themselves.
    this.shadows = null;
    this.requestCompleteMs = this.routed.runtime.clock.nowMs();
    if (this.timeoutMs > 0) {
      this.timeoutTimer = this.timers.timer(() => this.#onTimeout());
      this.timeoutTimer.arm(this.timeoutMs);
    }
    if (this.attempts.current?.wasSent === true) this.#startPerTry();
  }

  onUpstreamConnected(host: Host): void {
    this.charges.attempt(host);
    if (this.requestEnded) this.#startPerTry();
  }

  #startPerTry(): void {
    if (this.perTry !== null && !this.responseStarted && !this.finished) this.perTry.start();
  }

  // ---- retries ----

  /** Keeps body that may have to be sent again, or gives up on that; false if the request had to be refused. */
  #keepForReplay(bytes: Buffer): boolean {
    if (this.replay!.add(bytes)) return true;
    this.replay = null;
    this.routed.cluster.info.stats.retryOrShadowAbandoned.inc();
    const isWaiting = this.retry?.isWaiting === true;
    this.#endRetries();
    if (!isWaiting) return true;
    const body = "exceeded request buffer limit while retrying upstream";
    this.#reply({ status: 507, body, details: "request_payload_exceeded_retry_buffer_limit" });
    return false;
  }

  #endRetries(): void {
    this.retry?.release();
    this.retry = null;
    if (this.routed.action.settings.internalRedirect === null) this.replay = null;
  }

  #onRetryDue(): void {
    const replay = this.replay!;
    const endStream = this.requestEnded && !this.hasBody && replay.trailers === null;
    this.#startAttempt(endStream);
    const { current } = this.attempts;
    if (current !== null && !endStream) replay.sendTo(current, this.requestEnded);
  }

  /** Whether the attempt that gave these response headers is repeated. */
  #retriesAfterHeaders(request: UpstreamRequest, headers: ResponseHeaderMap): boolean {
    const retry = this.retry!;
    if (this.attempts.isHedged(request)) return this.#waitsOn(request, retry.wouldRetry(headers));
    const verdict = retry.decideOnHeaders(headers);
    if (verdict !== "retry") {
      this.#noteVerdict(verdict);
      return this.#waitsOn(request, verdict !== "no");
    }
    const { addressText } = request.host;
    this.routed.callbacks.streamInfo.noteFailedAttempt(addressText, `response ${headers.status}`, "", this.nowMs());
    this.charges.retried(headers.status, request.host);
    this.perTry?.stop();
    this.afterPerTryTimeout = false;
    request.cancel();
    this.attempts.drop(request);
    return true;
  }

  /** Whether a response is dropped because it is bad and others may still come. */
  #waitsOn(request: UpstreamRequest, isBad: boolean): boolean {
    if (!isBad || !this.#hasOthers(request)) {
      this.#endRetries();
      return false;
    }
    request.host.stats.rqError++;
    request.cancel();
    this.attempts.drop(request);
    return true;
  }

  /** Whether the response may come from another attempt than this one, be it one that is only due. */
  #hasOthers(request: UpstreamRequest): boolean {
    return this.attempts.hasOthers(request) || this.retry?.isWaiting === true;
  }

  /** Whether the attempt, which ended without a response, is repeated. */
  #retriesAfterReset(request: UpstreamRequest, reason: StreamResetReason): boolean {
    if (this.responseStarted) return false;
    if (this.retry !== null) {
      const verdict = this.retry.decideOnReset(reason, request.wasSent);
      if (verdict === "retry") return true;
      this.#noteVerdict(verdict);
    }
    if (!this.requestEnded || this.hasBody) return false;
    if (!isKeepAliveRace(request, this.attempts.count, reason, this.routed.headers)) return false;
    this.routed.cluster.info.stats.rq.retry.inc();
    this.#startAttempt(true);
    return true;
  }

  #noteVerdict(verdict: RetryVerdict): void {
    if (verdict === "limitExceeded") this.routed.callbacks.streamInfo.setResponseFlag(ResponseFlag.URX);
    else if (verdict === "overflow") this.routed.callbacks.streamInfo.setResponseFlag(ResponseFlag.UO);
  }

  /** Nothing more is to come of this request: no timer may fire for it. */
  #finish(): void {
    this.finished = true;
    this.timeoutTimer?.disarm();
    this.perTry?.stop();
    this.#endRetries();
    this.attempts.cancel();
  }

  #reply(reply: LocalReply): void {
    this.#finish();
    this.routed.callbacks.sendLocalReply(reply);
  }

  // ---- the response, from the attempt ----

  get timers(): TimerWheel {
    return this.routed.callbacks.timers;
  }

  nowMs(): number {
    return this.routed.runtime.clock.nowMs();
  }

  onUpstream1xxHeaders(headers: ResponseHeaderMap): void {
    this.routed.callbacks.encode1xxHeaders(headers);
  }

  onUpstreamHeaders(request: UpstreamRequest, headers: ResponseHeaderMap, endStream: boolean): void {
    this.charges.answered(headers, request.host);
    if (this.retry !== null && this.#retriesAfterHeaders(request, headers)) return;
    if (
      this.routed.action.settings.internalRedirect !== null &&
      this.#redirects(this.routed.action.settings.internalRedirect, headers)
    )
      return;
    // The idle timeout of one that was too slow was given up with the first sign of that.
    if (this.attempts.settleOn(request)) this.perTry?.start();
    this.perTry?.noteResponse();
    this.charges.response(headers, request.host);
    this.attempts.dressResponse(headers, this.requestCompleteMs < 0 ? -1 : this.nowMs() - this.requestCompleteMs);
    this.responseStarted = true;
    if (endStream) this.#onUpstreamComplete();
    this.routed.callbacks.encodeHeaders(headers, endStream, "via_upstream");
  }

  /** Whether the response is a redirect that is followed: then this is over, and the request goes on elsewhere. */
  #redirects(policy: InternalRedirectData, response: ResponseHeaderMap): boolean {
    if (!policy.statuses.includes(response.status)) return false;
    const { callbacks, headers, route, runtime } = this.routed;
    const replay = this.requestEnded ? this.replay : null;
    const followed = followRedirect({ callbacks, stats: runtime.stats, headers, route, replay }, policy, response);
    const { flow } = this.routed.cluster.info.stats;
    if (followed) flow.internalRedirectSucceeded.inc();
    else flow.internalRedirectFailed.inc();
    return followed;
  }

  onUpstreamData(data: Buffer, endStream: boolean): void {
    if (endStream) this.#onUpstreamComplete();
    else this.perTry?.noteResponse();
    this.routed.callbacks.encodeData(data, endStream);
  }

  onUpstreamTrailers(trailers: TrailerMap): void {
    this.#onUpstreamComplete();
    this.routed.callbacks.encodeTrailers(trailers);
  }

  #onUpstreamComplete(): void {
    this.timeoutTimer?.disarm();
    this.perTry?.stop();
    if (this.requestCompleteMs < 0) return;
    const { current } = this.attempts;
    if (current !== null) this.charges.time(this.nowMs() - this.requestCompleteMs, current.host);
  }

  onUpstreamReset(request: UpstreamRequest, reason: StreamResetReason, transportFailure: string): void {
    if (this.finished) return;
    this.charges.reset(request.host, reason);
    this.routed.callbacks.streamInfo.noteFailedAttempt(
      request.host.addressText,
      reason,
      transportFailure,
      this.nowMs(),
    );
    if (!this.attempts.drop(request)) {
      this.perTry?.stop();
      this.afterPerTryTimeout = false;
      if (this.#retriesAfterReset(request, reason)) return;
    }
    const failure = failureOf(reason);
    if (!this.responseStarted) this.charges.status(failure.status, request.host);
    if (this.#hasOthers(request)) return;
    this.routed.callbacks.streamInfo.setResponseFlag(failure.flag);
    if (this.responseStarted) {
      this.routed.runtime.stats.rqResetAfterDownstreamResponseStarted.inc();
      this.#cutResponse(resetDetails(true, reason, transportFailure));
      return;
    }
    this.#reply(
      resetReply(reason, transportFailure, this.attempts.count > 1, !this.routed.runtime.data.suppressEnvoyHeaders),
    );
  }

  #onTimeout(): void {
    if (this.finished) return;
    for (let attempt = this.attempts.take(); attempt !== null; attempt = this.attempts.take()) this.#missed(attempt);
    this.#timedOut("response_timeout");
  }

  onPerTryTimeout(): void {
    if (this.responseStarted) return;
    this.#onAttemptTimeout(this.routed.cluster.info.stats.rq.perTryTimeout, "upstream_per_try_timeout");
  }

  onPerTryIdleTimeout(): void {
    this.#onAttemptTimeout(this.routed.cluster.info.stats.rq.perTryIdleTimeout, "upstream_per_try_idle_timeout");
  }

  #onAttemptTimeout(counter: Counter, details: string): void {
    const request = this.attempts.current;
    if (this.finished || request === null) return;
    this.perTry?.stop();
    this.charges.attemptTimeout(request.host, this.timeoutStatus);
    if (this.hedges) {
      this.#hedge();
      return;
    }
    counter.inc();
    request.host.stats.rqTimeout++;
    this.routed.callbacks.streamInfo.noteFailedAttempt(request.host.addressText, "timeout", "", this.nowMs());
    request.cancel();
    this.attempts.drop(request);
    this.afterPerTryTimeout = true;
    if (this.#retriesAfterReset(request, "local reset")) return;
    if (!this.responseStarted) this.charges.status(this.timeoutStatus, request.host);
    this.#timedOut(details);
  }

  onUpstreamMaxDuration(request: UpstreamRequest): void {
    if (this.finished) return;
    const { cluster, callbacks } = this.routed;
    cluster.info.stats.rq.maxDurationReached.inc();
    callbacks.streamInfo.noteFailedAttempt(request.host.addressText, "max stream duration", "", this.nowMs());
    request.cancel();
    if (!this.attempts.drop(request)) {
      this.perTry?.stop();
      if (this.#retriesAfterReset(request, "local reset")) return;
    }
    if (this.#hasOthers(request)) return;
    callbacks.streamInfo.setResponseFlag(ResponseFlag.UMSDR);
    const details = "upstream_max_stream_duration_reached";
    if (this.responseStarted) this.#cutResponse(details);
    else this.#reply({ status: this.requestEnded ? 504 : 408, body: "upstream max stream duration reached", details });
  }

  /** Has another attempt made beside one that is too slow, if retries are left. */
  #hedge(): void {
    if (this.responseStarted || this.retry === null) return;
    const verdict = this.retry.decideOnHedge();
    this.#noteVerdict(verdict);
    if (verdict !== "retry") return;
    this.attempts.hedge();
    this.afterPerTryTimeout = true;
  }

  /** The whole request's time is up for an attempt. */
  #missed(request: UpstreamRequest): void {
    this.charges.timeout(request.host, this.responseStarted ? -1 : this.timeoutStatus);
    this.routed.callbacks.streamInfo.noteFailedAttempt(request.host.addressText, "timeout", "", this.nowMs());
    if (!this.responseStarted) this.charges.status(this.timeoutStatus, request.host);
    request.cancel();
  }

  #timedOut(details: string): void {
    this.charges.budgetUsed(this.nowMs() - this.requestCompleteMs);
    this.routed.callbacks.streamInfo.setResponseFlag(ResponseFlag.UT);
    if (this.responseStarted) {
      this.#cutResponse(details);
      return;
    }
    const status = this.timeoutStatus;
    this.#reply({ status, body: status === 204 ? "" : "upstream request timeout", details });
  }

  /** A response that can't be completed ends with its stream. */
  #cutResponse(details: string): void {
    this.routed.callbacks.streamInfo.responseCodeDetails = details;
    this.#finish();
    this.routed.callbacks.resetStream();
  }

  onUpstreamAboveWriteBufferHighWatermark(): void {
    this.routed.cluster.info.stats.flow.backedUp.inc();
    this.routed.callbacks.onDecoderFilterAboveWriteBufferHighWatermark();
  }
  onUpstreamBelowWriteBufferLowWatermark(): void {
    this.routed.cluster.info.stats.flow.drained.inc();
    this.routed.callbacks.onDecoderFilterBelowWriteBufferLowWatermark();
  }
  onAboveWriteBufferHighWatermark(): void {
    this.routed.cluster.info.stats.flow.pausedReading.inc();
    this.attempts.readDisable(true);
  }
  onBelowWriteBufferLowWatermark(): void {
    this.routed.cluster.info.stats.flow.resumedReading.inc();
    this.attempts.readDisable(false);
  }
}
