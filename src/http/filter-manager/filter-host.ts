import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { DownstreamWatermarkCallbacks, LocalReply } from "../filter.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../header-map.ts";
import type { StreamInfo } from "../stream-info.ts";
import type { StreamRoute } from "../stream-route.ts";

/** What the callbacks of single filters need from the filter manager of their stream. */
export interface FilterHost {
  readonly streamInfo: StreamInfo;
  readonly timers: TimerWheel;
  readonly requestHeaders: RequestHeaderMap | null;
  readonly responseHeaders: ResponseHeaderMap | null;
  readonly requestComplete: boolean;
  route(): StreamRoute | null;
  clearRouteCache(): void;
  resetStream(): void;
  restart(body: readonly Buffer[], trailers: TrailerMap | null): boolean;
  sendLocalReply(reply: LocalReply): void;
  encode1xxHeaders(headers: ResponseHeaderMap): void;
  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean, details: string): void;
  encodeData(bytes: Buffer, endStream: boolean): void;
  encodeTrailers(trailers: TrailerMap): void;
  /** Counted: stops and starts reading the request. */
  pauseRequest(pause: boolean): void;
  /** Counted: stops and starts reading the response. */
  pauseResponse(pause: boolean): void;
  setDownstreamWatermarkCallbacks(callbacks: DownstreamWatermarkCallbacks | null): void;
}
