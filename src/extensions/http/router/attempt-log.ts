import type { AccessLog } from "../../../access-log/access-log.ts";
import type { TimerWheel, WheelTimer } from "../../../base/timer-wheel.ts";
import { type RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../../http/header-map.ts";
import { type ResponseFlag, StreamInfo, type UpstreamInfo } from "../../../http/stream-info.ts";
import type { AttemptWatch } from "./attempt-watch.ts";

/** `upstream_log` on one worker. */
export interface UpstreamLogs {
  readonly logs: readonly AccessLog[];
  /** Also log when an attempt gets its stream. */
  readonly onPoolReady: boolean;
  /** Also log so often while an attempt goes on; 0 = don't. */
  readonly flushIntervalMs: number;
}

/** What the attempt is one of. */
export interface LoggedRequest {
  readonly headers: RequestHeaderMap;
  readonly streamInfo: StreamInfo;
  readonly timers: TimerWheel;
}

/**
 * Logs one attempt as `upstream_log` says. What a line tells of the stream is the attempt's: its time, status, flags, and the bytes that went to and
 * came from the host. Made only where there are such logs. Source: Envoy's `UpstreamRequest::upstreamLog`.
 */
export class AttemptLog implements AttemptWatch {
  readonly #settings: UpstreamLogs;
  readonly #request: LoggedRequest;
  readonly #info: StreamInfo;
  readonly #upstream: UpstreamInfo;
  readonly #sentBefore: number;
  readonly #receivedBefore: number;
  #responseHeaders: ResponseHeaderMap | null = null;
  #responseTrailers: TrailerMap | null = null;
  #flushTimer: WheelTimer | null = null;

  constructor(settings: UpstreamLogs, request: LoggedRequest, upstream: UpstreamInfo, startMs: number) {
    const { streamInfo } = request;
    this.#settings = settings;
    this.#request = request;
    this.#upstream = upstream;
    this.#sentBefore = upstream.bytesSent;
    this.#receivedBefore = upstream.bytesReceived;
    const startWallMs = streamInfo.startWallMs + (startMs - streamInfo.startMs);
    this.#info = new StreamInfo(streamInfo.connection, "", startMs, startWallMs);
  }

  ready(): void {
    if (this.#settings.onPoolReady) this.#log("UpstreamPoolReady");
    const { flushIntervalMs } = this.#settings;
    if (flushIntervalMs === 0) return;
    const timer = this.#request.timers.timer(() => {
      this.#log("UpstreamPeriodic");
      timer.arm(flushIntervalMs);
    });
    this.#flushTimer = timer;
    timer.arm(flushIntervalMs);
  }

  response(headers: ResponseHeaderMap): void {
    this.#info.responseCode = headers.status;
    // What the client gets is made of the same headers.
    this.#responseHeaders = new ResponseHeaderMap(headers.status, headers.list.slice());
  }

  trailers(trailers: TrailerMap): void {
    this.#responseTrailers = new TrailerMap(trailers.list.slice());
  }

  end(nowMs: number, flag: ResponseFlag | null): void {
    this.#flushTimer?.disarm();
    if (flag !== null) this.#info.setResponseFlag(flag);
    this.#info.completedMs = nowMs;
    this.#log("UpstreamEnd");
  }

  #log(accessLogType: string): void {
    const { headers, streamInfo: request } = this.#request;
    const info = this.#info;
    const upstream = this.#upstream;
    info.upstream = upstream;
    info.protocol = upstream.protocol;
    info.bytesSent = upstream.bytesSent - this.#sentBefore;
    info.bytesReceived = upstream.bytesReceived - this.#receivedBefore;
    info.requestHeadersBytes = headers.byteSize();
    info.responseHeadersBytes = this.#responseHeaders?.byteSize() ?? 0;
    info.requestLastByteMs = request.requestLastByteMs;
    info.responseLastByteMs = info.completedMs;
    info.routeName = request.routeName;
    info.virtualHostName = request.virtualHostName;
    info.virtualClusterName = request.virtualClusterName;
    info.routeMetadata = request.routeMetadata;
    info.virtualHostMetadata = request.virtualHostMetadata;
    info.requestId = request.requestId;
    info.span = request.span;
    info.downstreamRemoteIp = request.downstreamRemoteIp;
    info.healthCheck = request.healthCheck;
    info.dynamicMetadata = request.dynamicMetadata;
    info.filterState = request.filterState;
    const context = {
      requestHeaders: headers,
      responseHeaders: this.#responseHeaders,
      responseTrailers: this.#responseTrailers,
      streamInfo: info,
      accessLogType,
    };
    for (const log of this.#settings.logs) log.log(context);
  }
}
