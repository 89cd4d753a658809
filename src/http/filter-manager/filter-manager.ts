import type { TimerWheel } from "../../base/timer-wheel.ts";
import type {
  DownstreamWatermarkCallbacks,
  FilterChainBuilder,
  HttpFilterFactory,
  LocalReply,
  StreamDecoderFilter,
  StreamEncoderFilter,
  StreamFilter,
} from "../filter.ts";
import { type RequestHeaderMap, ResponseHeaderMap, type TrailerMap } from "../header-map.ts";
import { type LocalReplyRewriter, prepareLocalReply, rewriteLocalReply } from "../local-reply.ts";
import type { StreamInfo } from "../stream-info.ts";
import type { StreamRoute } from "../stream-route.ts";
import { ActiveDecoderFilter } from "./active-decoder-filter.ts";
import { ActiveEncoderFilter } from "./active-encoder-filter.ts";
import type { FilterHost } from "./filter-host.ts";
import { FilterPass, type FilterPassOwner, type FilterPassSink } from "./filter-pass.ts";

/** The stream that a filter manager works for: what comes before the first filter and behind the last. */
export interface FilterManagerStream {
  readonly streamInfo: StreamInfo;
  readonly timers: TimerWheel;
  /** Null: the proxy's own replies go out as they are. */
  readonly localReplies: LocalReplyRewriter | null;
  route(): StreamRoute | null;
  clearRouteCache(): void;
  /** Gives a reply of the proxy's own what the route gives to all responses. */
  dressLocalReply(headers: ResponseHeaderMap): void;
  /** The response leaves the filters towards the peer. */
  encode1xxHeaders(headers: ResponseHeaderMap): void;
  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void;
  encodeData(bytes: Buffer, endStream: boolean): void;
  encodeTrailers(trailers: TrailerMap): void;
  /** Ends the stream without (more of) an answer. */
  resetStream(): void;
  /** As `StreamDecoderFilterCallbacks.restart`. Makes another filter manager in place of this one. */
  restart(body: readonly Buffer[], trailers: TrailerMap | null): boolean;
  /** Counted: stops and starts reading the request. */
  pauseRequest(pause: boolean): void;
  /** A filter buffers more of the request than it may; 413 follows. */
  onRequestDataTooLarge(): void;
  /** A filter buffers more of the response than it may; 500 or a reset follows. */
  onResponseDataTooLarge(): void;
}

/** One configured filter of a chain. */
export interface NamedHttpFilter {
  /** The name in the configuration; routes refer to it. */
  readonly name: string;
  readonly factory: HttpFilterFactory;
  /** Off unless a route switches it on. */
  readonly disabled: boolean;
}

const LOCAL_REPLY_TOO_LARGE_REQUEST: LocalReply = {
  status: 413,
  body: "Payload Too Large",
  details: "request_payload_too_large",
};
const LOCAL_REPLY_TOO_LARGE_RESPONSE: LocalReply = {
  status: 500,
  body: "Internal Server Error",
  details: "response_payload_too_large",
};

/**
 * The HTTP filters of one stream: made from the chain's factories, iterated in order for the request and in reverse for
 * the response, destroyed with the stream. Source: Envoy's `Http::FilterManager`.
 */
export class FilterManager
  implements FilterHost, FilterChainBuilder, FilterPassOwner, FilterPassSink<ResponseHeaderMap>
{
  readonly streamInfo: StreamInfo;
  readonly timers: TimerWheel;
  requestHeaders: RequestHeaderMap | null = null;
  private readonly stream: FilterManagerStream;
  private readonly decoding: FilterPass<RequestHeaderMap>;
  private readonly encoding: FilterPass<ResponseHeaderMap>;
  private lastDecoder: ActiveDecoderFilter | null = null;
  private downstreamCallbacks: DownstreamWatermarkCallbacks | null = null;
  private downstreamAboveCount = 0;
  private destroyed = false;
  private localReplySent = false;
  /** A local reply went out past the encoder filters, which were in the middle of another response. */
  private encodersBypassed = false;
  /** The response's headers have left the filters; a local reply is no longer possible. */
  private responseStarted = false;
  private buildingName = "";
  private chainCreated = false;

  constructor(stream: FilterManagerStream, bufferLimitBytes: number) {
    this.stream = stream;
    this.streamInfo = stream.streamInfo;
    this.timers = stream.timers;
    this.decoding = new FilterPass<RequestHeaderMap>(true, this, null, bufferLimitBytes);
    this.encoding = new FilterPass<ResponseHeaderMap>(false, this, this, bufferLimitBytes);
  }

  /** Body of both directions that filters hold back. */
  get bufferedBytes(): number {
    return this.decoding.bufferedBytes + this.encoding.bufferedBytes;
  }

  /** Makes the filters of the chain for this stream, without those that the route switches off. Only the first call counts. */
  createChain(filters: readonly NamedHttpFilter[], route: StreamRoute | null): void {
    if (this.chainCreated) return;
    this.chainCreated = true;
    for (const filter of filters) {
      if (route?.filterDisabled(filter.name) ?? filter.disabled) continue;
      this.buildingName = filter.name;
      filter.factory.create(this);
    }
  }

  addDecoderFilter(filter: StreamDecoderFilter): void {
    this.#appendDecoder(filter);
  }
  addEncoderFilter(filter: StreamEncoderFilter): void {
    this.#prependEncoder(filter, true);
  }
  addFilter(filter: StreamFilter): void {
    this.#appendDecoder(filter);
    this.#prependEncoder(filter, false);
  }

  get responseHeaders(): ResponseHeaderMap | null {
    return this.encoding.headers;
  }
  get requestComplete(): boolean {
    return this.decoding.complete;
  }

  decodeHeaders(headers: RequestHeaderMap, endStream: boolean): void {
    this.requestHeaders = headers;
    this.decoding.start(headers, endStream);
  }
  decodeData(bytes: Buffer, endStream: boolean): void {
    if (!this.passEnded(true)) this.decoding.push(bytes, endStream);
  }
  decodeTrailers(trailers: TrailerMap): void {
    if (!this.passEnded(true)) this.decoding.finish(trailers);
  }

  /** A request that is here already, from its head to its end. */
  decodeWhole(headers: RequestHeaderMap, body: readonly Buffer[], trailers: TrailerMap | null): void {
    const last = body.length - 1;
    this.decodeHeaders(headers, last === -1 && trailers === null);
    for (let i = 0; i <= last; i++) this.decodeData(body[i]!, i === last && trailers === null);
    if (trailers !== null) this.decodeTrailers(trailers);
  }

  encode1xxHeaders(headers: ResponseHeaderMap): void {
    if (this.localReplySent || this.encoding.headers !== null) return;
    for (let filter = this.encoding.first as ActiveEncoderFilter | null; filter !== null && !this.destroyed; ) {
      filter.filter.encode1xxHeaders(headers);
      filter = filter.next as ActiveEncoderFilter | null;
    }
    if (!this.destroyed) this.stream.encode1xxHeaders(headers);
  }
  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean, details: string): void {
    if (this.destroyed || this.localReplySent) return;
    if (details !== "") this.streamInfo.responseCodeDetails = details;
    this.encoding.start(headers, endStream);
  }
  encodeData(bytes: Buffer, endStream: boolean): void {
    if (!this.destroyed && !this.localReplySent) this.encoding.push(bytes, endStream);
  }
  encodeTrailers(trailers: TrailerMap): void {
    if (!this.destroyed && !this.localReplySent) this.encoding.finish(trailers);
  }

  sendLocalReply(reply: LocalReply): void {
    if (this.destroyed) return;
    this.streamInfo.responseCodeDetails = reply.details;
    if (this.responseStarted) {
      this.stream.resetStream();
      return;
    }
    this.localReplySent = true;
    if (reply.body !== "") this.streamInfo.localReplyBody = reply.body;
    const { localReplies } = this.stream;
    const dressed = new ResponseHeaderMap(reply.status);
    this.streamInfo.responseCode = reply.status;
    this.stream.dressLocalReply(dressed);
    const { headers, body } =
      localReplies === null
        ? prepareLocalReply(reply, dressed, this.requestHeaders)
        : rewriteLocalReply(reply, dressed, localReplies, this.requestHeaders, this.streamInfo);
    if (this.encoding.headers === null) {
      this.encoding.start(headers, body.length === 0);
      if (body.length > 0 && !this.destroyed) this.encoding.push(body, true);
      return;
    }
    // A filter holds back another response, or can't go on with it; the reply takes its place.
    this.encodersBypassed = true;
    this.responseStarted = true;
    this.stream.encodeHeaders(headers, body.length === 0);
    if (body.length > 0 && !this.destroyed) this.stream.encodeData(body, true);
  }

  route(): StreamRoute | null {
    return this.stream.route();
  }
  clearRouteCache(): void {
    this.stream.clearRouteCache();
  }
  resetStream(): void {
    this.stream.resetStream();
  }
  restart(body: readonly Buffer[], trailers: TrailerMap | null): boolean {
    if (this.destroyed || this.localReplySent || this.encoding.headers !== null) return false;
    return this.stream.restart(body, trailers);
  }
  pauseRequest(pause: boolean): void {
    if (!this.destroyed) this.stream.pauseRequest(pause);
  }
  pauseResponse(pause: boolean): void {
    if (this.destroyed) return;
    if (pause) this.onDownstreamAboveHighWatermark();
    else this.onDownstreamBelowLowWatermark();
  }

  setDownstreamWatermarkCallbacks(callbacks: DownstreamWatermarkCallbacks | null): void {
    this.downstreamCallbacks = callbacks;
    if (callbacks === null) return;
    for (let i = 0; i < this.downstreamAboveCount; i++) callbacks.onAboveWriteBufferHighWatermark();
  }
  /** The peer takes data too slowly, or an encoder filter holds too much. Counted. */
  onDownstreamAboveHighWatermark(): void {
    this.downstreamAboveCount++;
    this.downstreamCallbacks?.onAboveWriteBufferHighWatermark();
  }
  onDownstreamBelowLowWatermark(): void {
    this.downstreamAboveCount--;
    this.downstreamCallbacks?.onBelowWriteBufferLowWatermark();
  }

  /** Ends all filters. Safe to call again. */
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.downstreamCallbacks = null;
    for (let filter = this.decoding.first as ActiveDecoderFilter | null; filter !== null; ) {
      filter.filter.onDestroy();
      filter = filter.next as ActiveDecoderFilter | null;
    }
    for (let filter = this.encoding.first as ActiveEncoderFilter | null; filter !== null; ) {
      if (filter.destroys) filter.filter.onDestroy();
      filter = filter.next as ActiveEncoderFilter | null;
    }
  }

  // ---- for the passes ----

  passEnded(isRequest: boolean): boolean {
    return this.destroyed || (isRequest ? this.localReplySent : this.encodersBypassed);
  }

  onBufferAboveLimit(isRequest: boolean, streaming: boolean): void {
    if (streaming) {
      if (isRequest) this.pauseRequest(true);
      else this.onDownstreamAboveHighWatermark();
      return;
    }
    if (this.passEnded(isRequest)) return;
    if (isRequest) this.stream.onRequestDataTooLarge();
    else this.stream.onResponseDataTooLarge();
    this.sendLocalReply(isRequest ? LOCAL_REPLY_TOO_LARGE_REQUEST : LOCAL_REPLY_TOO_LARGE_RESPONSE);
  }

  onBufferDrained(isRequest: boolean): void {
    if (isRequest) this.pauseRequest(false);
    else this.onDownstreamBelowLowWatermark();
  }

  sinkHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    this.responseStarted = true;
    this.stream.encodeHeaders(headers, endStream);
  }
  sinkData(bytes: Buffer, endStream: boolean): void {
    this.stream.encodeData(bytes, endStream);
  }
  sinkTrailers(trailers: TrailerMap): void {
    this.stream.encodeTrailers(trailers);
  }

  #appendDecoder(filter: StreamDecoderFilter): void {
    const active = new ActiveDecoderFilter(this.buildingName, filter, this.decoding, this);
    if (this.lastDecoder === null) this.decoding.first = active;
    else this.lastDecoder.next = active;
    this.lastDecoder = active;
  }

  /** `destroys`: the filter is no decoder filter too, as which it would be destroyed. */
  #prependEncoder(filter: StreamEncoderFilter, destroys: boolean): void {
    const active = new ActiveEncoderFilter(this.buildingName, filter, this.encoding, this, destroys);
    active.next = this.encoding.first;
    this.encoding.first = active;
  }
}
