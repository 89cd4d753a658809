import type { StreamResetReason } from "../../../http/codec.ts";
import type { LocalReply } from "../../../http/filter.ts";
import type { ResponseHeaderMap } from "../../../http/header-map.ts";
import { ResponseFlag } from "../../../http/stream-info.ts";
import { Attempts } from "./attempts.ts";
import type { PerTryTimers } from "./per-try-timers.ts";
import type { RequestCharges } from "./request-charges.ts";
import type { RequestControls } from "./request-controls.ts";
import type { RequestScope } from "./request-scopes.ts";
import { isKeepAliveRace } from "./retry/keep-alive-race.ts";
import { type ReplayBody, replayLimitBytes } from "./retry/replay-body.ts";
import type { RetryPolicy } from "./retry/retry-policy.ts";
import { mayBeRetried, RetryState, type RetryVerdict } from "./retry/retry-state.ts";
import type { RoutedRequest } from "./routed-request.ts";
import type { UpstreamRequest } from "./upstream-request.ts";

/**
 * One request whose attempts may be repeated: keeps of it what has to be sent again, and decides after each attempt whether there is
 * another one. `Forwarding` makes the attempts and answers.
 * Differs from Envoy: an idempotent request without body whose reused connection dies before any byte of a response is
 * sent once more, whatever the retry policy: such a connection was most likely being closed by the host already. So is any request
 * without body that HTTP/2 has refused.
 */
export abstract class RetriedRequest {
  protected readonly routed: RoutedRequest;
  protected readonly attempts: Attempts;
  protected requestEnded = false;
  protected hasBody = false;
  protected responseStarted = false;
  protected charges!: RequestCharges;
  /** Null if attempts have no limits of their own. */
  protected perTry: PerTryTimers | null = null;
  /** Null if no retry is possible, from the start or any more. */
  protected retry: RetryState | null = null;
  /** What another attempt, or the request after a redirect, has to send again. Null if nothing has to, or any more can. */
  protected replay: ReplayBody | null = null;
  protected afterPerTryTimeout = false;

  constructor(routed: RoutedRequest) {
    this.routed = routed;
    this.attempts = new Attempts(routed);
  }

  /** Makes the next attempt, or answers if there can't be one. `endStream`: the head is all there is to send. */
  protected abstract startAttempt(endStream: boolean): void;
  /** Answers in place of a host; nothing more comes of the request. */
  protected abstract reply(reply: LocalReply): void;

  nowMs(): number {
    return this.routed.runtime.clock.nowMs();
  }

  /** Makes retries possible if the policy and the request ask for them. */
  protected prepareRetries(
    policy: RetryPolicy,
    controls: RequestControls | null,
    scopes: readonly RequestScope[],
  ): void {
    if (!mayBeRetried(policy, controls, this.routed.headers)) return;
    const environment = { timers: this.routed.callbacks.timers, random: this.routed.runtime.random };
    const { info } = this.routed.cluster;
    const onDue = () => this.onRetryDue();
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

  /** How much of the request may be kept for another attempt or a copy. */
  protected replayLimitBytes(): number {
    return replayLimitBytes(this.routed.callbacks.decoderBufferLimitBytes, this.routed.route.requestBufferLimitBytes);
  }

  /** Keeps body that may have to be sent again, or gives up on that; false if the request had to be refused. */
  protected keepForReplay(bytes: Buffer): boolean {
    if (this.replay!.add(bytes)) return true;
    this.replay = null;
    this.routed.cluster.info.stats.retryOrShadowAbandoned.inc();
    const isWaiting = this.retry?.isWaiting === true;
    this.endRetries();
    if (!isWaiting) return true;
    const body = "exceeded request buffer limit while retrying upstream";
    this.reply({ status: 507, body, details: "request_payload_exceeded_retry_buffer_limit" });
    return false;
  }

  /** No attempt comes after this. */
  protected endRetries(): void {
    this.retry?.release();
    this.retry = null;
    if (this.routed.action.settings.internalRedirect === null) this.replay = null;
  }

  private onRetryDue(): void {
    const replay = this.replay!;
    const endStream = this.requestEnded && !this.hasBody && replay.trailers === null;
    this.startAttempt(endStream);
    const { current } = this.attempts;
    if (current !== null && !endStream) replay.sendTo(current, this.requestEnded);
  }

  /** Whether the attempt that gave these response headers is repeated. */
  protected retriesAfterHeaders(request: UpstreamRequest, headers: ResponseHeaderMap): boolean {
    const retry = this.retry!;
    if (this.attempts.isHedged(request)) return this.waitsOn(request, retry.wouldRetry(headers));
    const verdict = retry.decideOnHeaders(headers);
    if (verdict !== "retry") {
      this.noteVerdict(verdict);
      return this.waitsOn(request, verdict !== "no");
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
  private waitsOn(request: UpstreamRequest, isBad: boolean): boolean {
    if (!isBad || !this.hasOthers(request)) {
      this.endRetries();
      return false;
    }
    request.host.stats.rqError++;
    request.cancel();
    this.attempts.drop(request);
    return true;
  }

  /** Whether the response may come from another attempt than this one, be it one that is only due. */
  protected hasOthers(request: UpstreamRequest): boolean {
    return this.attempts.hasOthers(request) || this.retry?.isWaiting === true;
  }

  /** Whether the attempt, which ended without a response, is repeated. */
  protected retriesAfterReset(request: UpstreamRequest, reason: StreamResetReason): boolean {
    if (this.responseStarted) return false;
    if (this.retry !== null) {
      const verdict = this.retry.decideOnReset(reason, request.wasSent);
      if (verdict === "retry") return true;
      this.noteVerdict(verdict);
    }
    if (!this.requestEnded || this.hasBody) return false;
    if (!isKeepAliveRace(request, this.attempts.count, reason, this.routed.headers)) return false;
    this.routed.cluster.info.stats.rq.retry.inc();
    this.startAttempt(true);
    return true;
  }

  protected noteVerdict(verdict: RetryVerdict): void {
    if (verdict === "limitExceeded") this.routed.callbacks.streamInfo.setResponseFlag(ResponseFlag.URX);
    else if (verdict === "overflow") this.routed.callbacks.streamInfo.setResponseFlag(ResponseFlag.UO);
  }

  /** Has another attempt made beside one that is too slow, if retries are left. */
  protected hedge(): void {
    if (this.responseStarted || this.retry === null) return;
    const verdict = this.retry.decideOnHedge();
    this.noteVerdict(verdict);
    if (verdict !== "retry") return;
    this.attempts.hedge();
    this.afterPerTryTimeout = true;
  }
}
