import type { TimerWheel, WheelTimer } from "../../../base/timer-wheel.ts";
import type { StreamResetReason } from "../../../http/codec.ts";
import type { DownstreamWatermarkCallbacks, LocalReply } from "../../../http/filter.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../../http/header-map.ts";
import { ResponseFlag } from "../../../http/stream-info.ts";
import type { InternalRedirectData } from "../../../route/internal-redirect-data.ts";
import type { Counter } from "../../../stats/scope.ts";
import type { Host } from "../../../upstream/host.ts";
import { followRedirect } from "./internal-redirect.ts";
import { PerTryTimers, type PerTryTimersOwner } from "./per-try-timers.ts";
import { RequestCharges } from "./request-charges.ts";
import { takeRequestControls } from "./request-controls.ts";
import { expectedTimeoutMs, perTryTimeoutMs, requestTimeoutMs } from "./request-timeouts.ts";
import { RetriedRequest } from "./retried-request.ts";
import { ReplayBody } from "./retry/replay-body.ts";
import { DEFAULT_RETRY_POLICY, retryPolicyOf } from "./retry/retry-policy.ts";
import { Shadows } from "./shadows.ts";
import { failureOf, resetDetails, resetReply } from "./upstream-failure.ts";
import type { UpstreamRequest, UpstreamRequestOwner } from "./upstream-request.ts";

/**
 * One request on its way to its route's cluster and the response on its way back: attempts, retries, timeouts, and the
 * answers to what fails.
 */
export class Forwarding
  extends RetriedRequest
  implements UpstreamRequestOwner, PerTryTimersOwner, DownstreamWatermarkCallbacks
{
  private hedges = false;
  /** Null if there are none, or they need nothing any more. */
  private shadows: Shadows | null = null;
  private requestCompleteMs = -1;
  private finished = false;
  private timeoutMs = 0;
  private timeoutTimer: WheelTimer | null = null;
  private timeoutStatus = 504;

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
    this.attempts.maxStreamDurationMs = controls?.maxStreamDurationMs;
    if (controls?.timeoutIsNoContent) this.timeoutStatus = 204;
    if (policy !== null || controls !== null) this.prepareRetries(policy ?? DEFAULT_RETRY_POLICY, controls, scopes);
    if (this.retry !== null || action.settings.internalRedirect !== null)
      this.replay = new ReplayBody(this.replayLimitBytes());
    this.routed.route.finalizeRequestHeaders(headers, streamInfo, !data.suppressEnvoyHeaders);
    this.charges = new RequestCharges(this.routed.cluster, scopes, data, headers, streamInfo, this.timeoutMs);
    const copied = action.settings.mirrors.length > 0 ? headers.clone() : null;
    this.startAttempt(endStream);
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
      limitBytes: this.replayLimitBytes(),
      streamInfo: callbacks.streamInfo,
      onAbandoned: () => cluster.info.stats.retryOrShadowAbandoned.inc(),
    };
    this.shadows = Shadows.begin(action.settings.mirrors, headers, endStream, runtime, settings);
  }

  /** Body of the request; may end in an answer. */
  sendData(bytes: Buffer, endStream: boolean): void {
    this.hasBody = true;
    if (this.replay !== null && !this.keepForReplay(bytes)) return;
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

  /** What the host is told of how long it has; 0 = nothing. */
  #expectedTimeoutMs(): number {
    if (this.routed.runtime.data.suppressEnvoyHeaders) return 0;
    const elapsedMs = this.requestCompleteMs < 0 ? 0 : this.nowMs() - this.requestCompleteMs;
    const perTryMs = this.perTry === null || this.hedges ? 0 : this.perTry.timeoutMs;
    return expectedTimeoutMs(this.timeoutMs, perTryMs, elapsedMs);
  }

  protected override startAttempt(endStream: boolean): void {
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
      this.reply({ status: 503, body: "no healthy upstream", details: "no_healthy_upstream" });
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

  /** Nothing more is to come of this request: no timer may fire for it. */
  #finish(): void {
    this.finished = true;
    this.timeoutTimer?.disarm();
    this.perTry?.stop();
    this.endRetries();
    this.attempts.cancel();
  }

  protected override reply(reply: LocalReply): void {
    this.#finish();
    this.routed.callbacks.sendLocalReply(this.attempts.dressReply(reply));
  }

  // ---- the response, from the attempt ----

  get timers(): TimerWheel {
    return this.routed.callbacks.timers;
  }

  onUpstream1xxHeaders(headers: ResponseHeaderMap): void {
    this.routed.callbacks.encode1xxHeaders(headers);
  }

  onUpstreamHeaders(request: UpstreamRequest, headers: ResponseHeaderMap, endStream: boolean): void {
    this.charges.answered(headers, request.host);
    if (this.retry !== null && this.retriesAfterHeaders(request, headers)) return;
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
      if (this.retriesAfterReset(request, reason)) return;
    }
    const failure = failureOf(reason);
    if (!this.responseStarted) this.charges.status(failure.status, request.host);
    if (this.hasOthers(request)) return;
    this.routed.callbacks.streamInfo.setResponseFlag(failure.flag);
    if (this.responseStarted) {
      this.routed.runtime.stats.rqResetAfterDownstreamResponseStarted.inc();
      this.#cutResponse(resetDetails(true, reason, transportFailure));
      return;
    }
    this.reply(
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
      this.hedge();
      return;
    }
    counter.inc();
    request.host.stats.rqTimeout++;
    this.routed.callbacks.streamInfo.noteFailedAttempt(request.host.addressText, "timeout", "", this.nowMs());
    request.cancel();
    this.attempts.drop(request);
    this.afterPerTryTimeout = true;
    if (this.retriesAfterReset(request, "local reset")) return;
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
      if (this.retriesAfterReset(request, "local reset")) return;
    }
    if (this.hasOthers(request)) return;
    callbacks.streamInfo.setResponseFlag(ResponseFlag.UMSDR);
    const details = "upstream_max_stream_duration_reached";
    if (this.responseStarted) this.#cutResponse(details);
    else this.reply({ status: this.requestEnded ? 504 : 408, body: "upstream max stream duration reached", details });
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
    this.reply({ status, body: status === 204 ? "" : "upstream request timeout", details });
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
