import {
  type BodyData,
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type StreamDecoderFilterCallbacks,
  type StreamEncoderFilterCallbacks,
  type StreamFilter,
} from "./filter.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "./header-map.ts";

/** An HTTP filter that lets everything pass; a real one overrides what it is for. Envoy's `PassThroughFilter`. */
export abstract class PassThroughFilter implements StreamFilter {
  protected decoder!: StreamDecoderFilterCallbacks;
  protected encoder!: StreamEncoderFilterCallbacks;

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.decoder = callbacks;
  }
  setEncoderFilterCallbacks(callbacks: StreamEncoderFilterCallbacks): void {
    this.encoder = callbacks;
  }
  decodeHeaders(_headers: RequestHeaderMap, _endStream: boolean): FilterHeadersStatus {
    return FilterHeadersStatus.continue;
  }
  decodeData(_data: BodyData, _endStream: boolean): FilterDataStatus {
    return FilterDataStatus.continue;
  }
  decodeTrailers(_trailers: TrailerMap): FilterTrailersStatus {
    return FilterTrailersStatus.continue;
  }
  encode1xxHeaders(_headers: ResponseHeaderMap): void {}
  encodeHeaders(_headers: ResponseHeaderMap, _endStream: boolean): FilterHeadersStatus {
    return FilterHeadersStatus.continue;
  }
  encodeData(_data: BodyData, _endStream: boolean): FilterDataStatus {
    return FilterDataStatus.continue;
  }
  encodeTrailers(_trailers: TrailerMap): FilterTrailersStatus {
    return FilterTrailersStatus.continue;
  }
  onDestroy(): void {}
}
