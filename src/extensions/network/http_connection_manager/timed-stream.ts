import type { IdleWatch, IdleWatched } from "../../../base/idle-watch.ts";
import type { TimerWheel, WheelTimer } from "../../../base/timer-wheel.ts";
import type { Protocol } from "../../../http/codec.ts";
import type { LocalReply } from "../../../http/filter.ts";
import type { RequestHeaderMap } from "../../../http/header-map.ts";
import { ResponseFlag, StreamInfo } from "../../../http/stream-info.ts";
import type { DownstreamConnectionInfo } from "../../../net/downstream-connection-info.ts";
import type { Route } from "../../../route/route.ts";
import type { HcmRuntime } from "./hcm-runtime.ts";
import { streamDurationMs } from "./stream-duration.ts";

/** gRPC's DEADLINE_EXCEEDED. */
const GRPC_DEADLINE_EXCEEDED = 4;

/** What a timed stream needs of its connection. */
export interface TimedStreamConnection {
  readonly runtime: HcmRuntime;
  readonly info: DownstreamConnectionInfo;
  /** Watches the stream that is being made. */
  takeIdleWatch(): IdleWatch;
}

/** The timeouts of a stream in the connection manager: idle, request, duration; and the interval of its access log. */
export abstract class TimedStream implements IdleWatched {
  /** Another one after a restart. */
  streamInfo: StreamInfo;
  readonly timers: TimerWheel;
  /** Given back by the connection when the stream is done. */
  readonly idleWatch: IdleWatch;
  lastActivityMs: number;
  idleTimeoutMs: number;
  protected readonly runtime: HcmRuntime;
  protected remoteComplete = false;
  protected requestTimer: WheelTimer | null = null;
  private durationTimer: WheelTimer | null = null;
  private logTimer: WheelTimer | null = null;

  constructor(connection: TimedStreamConnection, protocol: Protocol) {
    const { runtime } = connection;
    this.runtime = runtime;
    this.timers = runtime.timers;
    const nowMs = runtime.clock.nowMs();
    this.lastActivityMs = nowMs;
    this.streamInfo = new StreamInfo(connection.info, protocol, nowMs, runtime.clock.wallMs());
    this.idleTimeoutMs = runtime.data.streamIdleTimeoutMs;
    this.idleWatch = connection.takeIdleWatch();
  }

  /** Answers in place of a host, or cuts a response that has begun. */
  abstract sendLocalReply(reply: LocalReply): void;
  /** Writes a line to each access log. */
  protected abstract log(accessLogType: string): void;

  /** Something came or went: the stream is not idle. */
  protected active(): void {
    this.lastActivityMs = this.runtime.clock.nowMs();
  }

  protected armTimers(): void {
    const data = this.runtime.data;
    this.idleWatch.watch(this);
    if (data.requestTimeoutMs > 0) {
      this.requestTimer = this.timers.timer(() => this.#onRequestTimeout());
      this.requestTimer.arm(data.requestTimeoutMs);
    }
    if (data.maxStreamDurationMs > 0) this.#armDurationTimer(data.maxStreamDurationMs);
    const { flushIntervalMs } = data.accessLogOptions;
    if (flushIntervalMs > 0 && this.runtime.accessLogs.length > 0) this.#startPeriodicLog(flushIntervalMs);
  }

  /** The stream is over: no timer may fire for it. */
  protected disarmTimers(): void {
    this.idleWatch.unwatch(this);
    this.requestTimer?.disarm();
    this.durationTimer?.disarm();
    this.logTimer?.disarm();
  }

  /** Puts what a route says of timeouts in place of the general ones. */
  protected applyRouteTimeouts(route: Route, headers: RequestHeaderMap): void {
    if (route.action.type !== "forward") return;
    const data = this.runtime.data;
    const idle = route.action.idleTimeoutMs ?? data.streamIdleTimeoutMs;
    if (idle !== this.idleTimeoutMs) {
      this.idleTimeoutMs = idle;
      this.idleWatch.watch(this);
    }
    if (route.action.settings.maxStreamDuration === null) return;
    const duration = streamDurationMs(route.action, headers, data.maxStreamDurationMs);
    if (duration === undefined) this.durationTimer?.disarm();
    else this.#armDurationTimer(Math.max(0, duration - (this.runtime.clock.nowMs() - this.streamInfo.startMs)));
  }

  onIdle(): void {
    this.runtime.stats.rqIdleTimeout.inc();
    this.streamInfo.setResponseFlag(ResponseFlag.SI);
    this.#timedOut("stream timeout", "stream_idle_timeout");
  }

  #onRequestTimeout(): void {
    this.runtime.stats.rqTimeout.inc();
    this.#timedOut("request timeout", "request_overall_timeout");
  }

  #onMaxStreamDuration(): void {
    this.runtime.stats.rqMaxDurationReached.inc();
    this.#timedOut("downstream duration timeout", "max_duration_timeout", GRPC_DEADLINE_EXCEEDED);
  }

  /** 408 while the client owes us the rest of its request, 504 afterwards; a response that has begun is cut. */
  #timedOut(body: string, details: string, grpcStatus?: number): void {
    const status = this.remoteComplete ? 504 : 408;
    this.sendLocalReply({ status, body, details, ...(grpcStatus !== undefined && { grpcStatus }) });
  }

  #armDurationTimer(durationMs: number): void {
    this.durationTimer ??= this.timers.timer(() => this.#onMaxStreamDuration());
    this.durationTimer.arm(durationMs);
  }

  #startPeriodicLog(intervalMs: number): void {
    const timer = this.timers.timer(() => {
      this.log("DownstreamPeriodic");
      timer.arm(intervalMs);
    });
    this.logTimer = timer;
    timer.arm(intervalMs);
  }
}
