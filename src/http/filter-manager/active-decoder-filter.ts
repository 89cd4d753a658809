import type {
  BodyData,
  DownstreamWatermarkCallbacks,
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  StreamDecoderFilter,
  StreamDecoderFilterCallbacks,
} from "../filter.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../header-map.ts";
import { ActiveStreamFilter } from "./active-stream-filter.ts";
import type { FilterHost } from "./filter-host.ts";
import type { FilterPass } from "./filter-pass.ts";

/** One filter's place in the direction of the request, and the callbacks it was given. */
export class ActiveDecoderFilter extends ActiveStreamFilter<RequestHeaderMap> implements StreamDecoderFilterCallbacks {
  readonly filter: StreamDecoderFilter;

  constructor(name: string, filter: StreamDecoderFilter, pass: FilterPass<RequestHeaderMap>, host: FilterHost) {
    super(name, pass, host);
    this.filter = filter;
    filter.setDecoderFilterCallbacks(this);
  }

  override callHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    return this.filter.decodeHeaders(headers, endStream);
  }
  override callData(data: BodyData, endStream: boolean): FilterDataStatus {
    return this.filter.decodeData(data, endStream);
  }
  override callTrailers(trailers: TrailerMap): FilterTrailersStatus {
    return this.filter.decodeTrailers(trailers);
  }

  get requestComplete(): boolean {
    return this.host.requestComplete;
  }

  continueDecoding(): void {
    this.continueIteration();
  }
  decodingBuffer(): Buffer | null {
    return this.pass.peekBody();
  }
  setDecodingBuffer(body: Buffer): void {
    this.pass.replaceBody(body);
  }
  addDecodedData(bytes: Buffer): void {
    this.addData(bytes);
  }
  injectDecodedData(bytes: Buffer, endStream: boolean): void {
    this.injectData(bytes, endStream);
  }
  addDecodedTrailers(): TrailerMap {
    return this.pass.addTrailers();
  }
  get decoderBufferLimitBytes(): number {
    return this.pass.limitBytes;
  }
  setDecoderBufferLimit(limitBytes: number): void {
    this.pass.limitBytes = limitBytes;
  }
  onDecoderFilterAboveWriteBufferHighWatermark(): void {
    this.host.pauseRequest(true);
  }
  onDecoderFilterBelowWriteBufferLowWatermark(): void {
    this.host.pauseRequest(false);
  }
  encode1xxHeaders(headers: ResponseHeaderMap): void {
    this.host.encode1xxHeaders(headers);
  }
  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean, details: string): void {
    this.host.encodeHeaders(headers, endStream, details);
  }
  encodeData(bytes: Buffer, endStream: boolean): void {
    this.host.encodeData(bytes, endStream);
  }
  encodeTrailers(trailers: TrailerMap): void {
    this.host.encodeTrailers(trailers);
  }
  restart(body: readonly Buffer[], trailers: TrailerMap | null): boolean {
    return this.host.restart(body, trailers);
  }
  setDownstreamWatermarkCallbacks(callbacks: DownstreamWatermarkCallbacks | null): void {
    this.host.setDownstreamWatermarkCallbacks(callbacks);
  }
}
