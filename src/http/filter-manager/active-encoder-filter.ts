import type {
  BodyData,
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  StreamEncoderFilter,
  StreamEncoderFilterCallbacks,
} from "../filter.ts";
import type { ResponseHeaderMap, TrailerMap } from "../header-map.ts";
import { ActiveStreamFilter } from "./active-stream-filter.ts";
import type { FilterHost } from "./filter-host.ts";
import type { FilterPass } from "./filter-pass.ts";

/** One filter's place in the direction of the response, and the callbacks it was given. */
export class ActiveEncoderFilter extends ActiveStreamFilter<ResponseHeaderMap> implements StreamEncoderFilterCallbacks {
  readonly filter: StreamEncoderFilter;
  /** Whether the filter is destroyed as this one; a filter of both directions is destroyed as a decoder filter. */
  readonly destroys: boolean;

  constructor(
    name: string,
    filter: StreamEncoderFilter,
    pass: FilterPass<ResponseHeaderMap>,
    host: FilterHost,
    destroys: boolean,
  ) {
    super(name, pass, host);
    this.filter = filter;
    this.destroys = destroys;
    filter.setEncoderFilterCallbacks(this);
  }

  override callHeaders(headers: ResponseHeaderMap, endStream: boolean): FilterHeadersStatus {
    return this.filter.encodeHeaders(headers, endStream);
  }
  override callData(data: BodyData, endStream: boolean): FilterDataStatus {
    return this.filter.encodeData(data, endStream);
  }
  override callTrailers(trailers: TrailerMap): FilterTrailersStatus {
    return this.filter.encodeTrailers(trailers);
  }

  continueEncoding(): void {
    this.continueIteration();
  }
  encodingBuffer(): Buffer | null {
    return this.pass.peekBody();
  }
  setEncodingBuffer(body: Buffer): void {
    this.pass.replaceBody(body);
  }
  addEncodedData(bytes: Buffer): void {
    this.addData(bytes);
  }
  injectEncodedData(bytes: Buffer, endStream: boolean): void {
    this.injectData(bytes, endStream);
  }
  addEncodedTrailers(): TrailerMap {
    return this.pass.addTrailers();
  }
  get encoderBufferLimitBytes(): number {
    return this.pass.limitBytes;
  }
  setEncoderBufferLimit(limitBytes: number): void {
    this.pass.limitBytes = limitBytes;
  }
  onEncoderFilterAboveWriteBufferHighWatermark(): void {
    this.host.pauseResponse(true);
  }
  onEncoderFilterBelowWriteBufferLowWatermark(): void {
    this.host.pauseResponse(false);
  }
}
