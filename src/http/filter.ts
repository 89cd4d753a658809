import type { TimerWheel } from "../base/timer-wheel.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "./header-map.ts";
import type { StreamInfo } from "./stream-info.ts";
import type { StreamRoute } from "./stream-route.ts";

/**
 * The HTTP filter contract, after Envoy's `envoy/http/filter.h`. A filter is made per stream and sees its request in
 * the order of the configuration (*decode*) and its response in reverse order (*encode*). Each call answers with a
 * status that says how iteration goes on. All calls come on the stream's worker, from plain function calls.
 */

/** What `decodeHeaders` and `encodeHeaders` answer. */
export const FilterHeadersStatus = {
  /** The next filter gets the headers. */
  continue: 0,
  /** Later filters get nothing until the filter calls `continueDecoding`/`continueEncoding`, or returns `continue` from data. */
  stopIteration: 1,
  /** As `continue`, but the stream does not end here: the filter will add a body. */
  continueAndDontEndStream: 2,
  /** Not even this filter gets body or trailers until it continues; they are buffered, over the limit answered 413/500. */
  stopAllIterationAndBuffer: 3,
  /** As above, but over the limit the sender is paused. */
  stopAllIterationAndWatermark: 4,
} as const;
export type FilterHeadersStatus = (typeof FilterHeadersStatus)[keyof typeof FilterHeadersStatus];

/** What `decodeData` and `encodeData` answer. */
export const FilterDataStatus = {
  /** The next filter gets the data; if headers were stopped here, they and what was buffered go first. */
  continue: 0,
  /** The data is buffered; over the limit the stream ends with 413 (request) or 500 (response). */
  stopIterationAndBuffer: 1,
  /** The data is buffered; over the limit the sender is paused. */
  stopIterationAndWatermark: 2,
  /** The data is dropped here: the filter has taken it. */
  stopIterationNoBuffer: 3,
} as const;
export type FilterDataStatus = (typeof FilterDataStatus)[keyof typeof FilterDataStatus];

/** What `decodeTrailers` and `encodeTrailers` answer. */
export const FilterTrailersStatus = {
  continue: 0,
  /** The trailers wait until the filter continues. */
  stopIteration: 1,
} as const;
export type FilterTrailersStatus = (typeof FilterTrailersStatus)[keyof typeof FilterTrailersStatus];

/** A piece of a body on its way through the filters. A filter may replace `bytes`; it must not keep this object. */
export interface BodyData {
  bytes: Buffer;
}

/** A response made by the proxy itself. */
export interface LocalReply {
  readonly status: number;
  /** Plain text unless the connection manager's `local_reply_config` says otherwise; `""` for none. */
  readonly body: string;
  /** Response code details: one word, like `ext_authz_denied`. */
  readonly details: string;
  /** Called with the reply's headers before they are sent. */
  readonly modifyHeaders?: (headers: ResponseHeaderMap) => void;
  /** For gRPC requests instead of the status mapped from `status`. */
  readonly grpcStatus?: number;
}

/** What every filter may ask of its stream. Calls after `onDestroy` do nothing. */
export interface StreamFilterCallbacks {
  readonly streamInfo: StreamInfo;
  readonly timers: TimerWheel;
  /** The route chosen for the request as it is now; null if none matches. Cached until `clearRouteCache`. */
  route(): StreamRoute | null;
  /** Forgets the route: the next `route()` looks again, with the headers as they are then. */
  clearRouteCache(): void;
  /** The filter's most specific per-route configuration, or undefined. */
  perFilterConfig(): unknown;
  /** The filter's per-route configurations at all levels, the most general first. */
  perFilterConfigs(): readonly unknown[];
  requestHeaders(): RequestHeaderMap;
  /** Null until a response has begun. */
  responseHeaders(): ResponseHeaderMap | null;
  /** Ends the stream without an answer. */
  resetStream(): void;
  /** Answers the request here. The reply passes the encode side of all filters; nothing goes further upstream. If a
   * response has already begun, the stream is reset instead; one that a filter still holds back is replaced, and the
   * reply then goes out past the filters. */
  sendLocalReply(reply: LocalReply): void;
}

/** Told when the peer downstream takes data too slowly, and when it is ready again. */
export interface DownstreamWatermarkCallbacks {
  onAboveWriteBufferHighWatermark(): void;
  onBelowWriteBufferLowWatermark(): void;
}

/** What a filter may do in the direction of the request. */
export interface StreamDecoderFilterCallbacks extends StreamFilterCallbacks {
  /** Goes on behind this filter with headers, buffered body and trailers it had stopped. */
  continueDecoding(): void;
  /** The body buffered so far, null if none. */
  decodingBuffer(): Buffer | null;
  /** Replaces the buffered body. */
  setDecodingBuffer(body: Buffer): void;
  /**
   * Adds body behind what is buffered: from `decodeHeaders` for a request without body, from `decodeTrailers` before the
   * trailers go on, or while iteration is stopped here.
   */
  addDecodedData(bytes: Buffer): void;
  /** Sends body on to the filters behind this one at once, headers first; for a filter that takes the data (`…NoBuffer`). */
  injectDecodedData(bytes: Buffer, endStream: boolean): void;
  /** Adds trailers to a request that has none; only while its last data is decoded: throws at any other time. */
  addDecodedTrailers(): TrailerMap;
  /** Bytes that may be buffered for this stream. */
  readonly decoderBufferLimitBytes: number;
  setDecoderBufferLimit(limitBytes: number): void;
  /** Counted: pauses the request's sender because this filter has too much. */
  onDecoderFilterAboveWriteBufferHighWatermark(): void;
  onDecoderFilterBelowWriteBufferLowWatermark(): void;
  /** Whether the request has ended and was seen whole by the connection manager. */
  readonly requestComplete: boolean;
  /** A terminal filter's way to answer. */
  encode1xxHeaders(headers: ResponseHeaderMap): void;
  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean, details: string): void;
  encodeData(bytes: Buffer, endStream: boolean): void;
  encodeTrailers(trailers: TrailerMap): void;
  /**
   * Runs the request, which must be whole and without any response yet, through new filters from the first one on: with the headers as they are now, and with this
   * body and these trailers. Ends the present filters, the caller among them, before it returns true. False, and nothing done, if that can't be.
   */
  restart(body: readonly Buffer[], trailers: TrailerMap | null): boolean;
  /** One at a time per filter; calls at once if the peer is slow already. */
  setDownstreamWatermarkCallbacks(callbacks: DownstreamWatermarkCallbacks | null): void;
}

/** What a filter may do in the direction of the response. */
export interface StreamEncoderFilterCallbacks extends StreamFilterCallbacks {
  continueEncoding(): void;
  encodingBuffer(): Buffer | null;
  setEncodingBuffer(body: Buffer): void;
  addEncodedData(bytes: Buffer): void;
  injectEncodedData(bytes: Buffer, endStream: boolean): void;
  addEncodedTrailers(): TrailerMap;
  readonly encoderBufferLimitBytes: number;
  setEncoderBufferLimit(limitBytes: number): void;
  /** Counted: pauses the response's sender because this filter has too much. */
  onEncoderFilterAboveWriteBufferHighWatermark(): void;
  onEncoderFilterBelowWriteBufferLowWatermark(): void;
}

/** A filter of requests. */
export interface StreamDecoderFilter {
  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void;
  decodeHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus;
  decodeData(data: BodyData, endStream: boolean): FilterDataStatus;
  decodeTrailers(trailers: TrailerMap): FilterTrailersStatus;
  /** The stream is over, however it ended: release timers and upstream requests. The last call. */
  onDestroy(): void;
}

/** A filter of responses. */
export interface StreamEncoderFilter {
  setEncoderFilterCallbacks(callbacks: StreamEncoderFilterCallbacks): void;
  encode1xxHeaders(headers: ResponseHeaderMap): void;
  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): FilterHeadersStatus;
  encodeData(data: BodyData, endStream: boolean): FilterDataStatus;
  encodeTrailers(trailers: TrailerMap): FilterTrailersStatus;
  onDestroy(): void;
}

/** A filter of both. `onDestroy` is called once. */
export interface StreamFilter extends StreamDecoderFilter, StreamEncoderFilter {}

/** Where a factory puts the filters it makes for one stream. */
export interface FilterChainBuilder {
  addDecoderFilter(filter: StreamDecoderFilter): void;
  addEncoderFilter(filter: StreamEncoderFilter): void;
  addFilter(filter: StreamFilter): void;
}

/** Makes the instances of one configured HTTP filter. One per filter, filter chain and worker. */
export interface HttpFilterFactory {
  /** Adds this filter to a new stream. */
  create(chain: FilterChainBuilder): void;
  /** Releases what the factory holds when its chain has drained. */
  dispose(): void;
}
