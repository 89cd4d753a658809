import type { TimerWheel } from "../base/timer-wheel.ts";
import type {
  BodyData,
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  LocalReply,
  StreamEncoderFilter,
  StreamEncoderFilterCallbacks,
} from "./filter.ts";
import type { FilterHost } from "./filter-host.ts";
import { ActiveFilter, type FilterPass } from "./filter-pass.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "./header-map.ts";
import type { StreamInfo } from "./stream-info.ts";
import type { StreamRoute } from "./stream-route.ts";

const NOTHING: readonly unknown[] = [];

/** One filter's place in the direction of the response, and the callbacks it was given. */
export class ActiveEncoderFilter extends ActiveFilter<ResponseHeaderMap> implements StreamEncoderFilterCallbacks {
  readonly filter: StreamEncoderFilter;
  /** Whether the filter is destroyed as this one; a filter of both directions is destroyed as a decoder filter. */
  readonly destroys: boolean;
  private readonly host: FilterHost;

  constructor(
    name: string,
    filter: StreamEncoderFilter,
    pass: FilterPass<ResponseHeaderMap>,
    host: FilterHost,
    destroys: boolean,
  ) {
    super(name, pass);
    this.filter = filter;
    this.host = host;
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

  get streamInfo(): StreamInfo {
    return this.host.streamInfo;
  }
  get timers(): TimerWheel {
    return this.host.timers;
  }
  route(): StreamRoute | null {
    return this.host.route();
  }
  clearRouteCache(): void {
    this.host.clearRouteCache();
  }
  perFilterConfig(): unknown {
    return this.host.route()?.perFilterConfig(this.name);
  }
  perFilterConfigs(): readonly unknown[] {
    return this.host.route()?.perFilterConfigs(this.name) ?? NOTHING;
  }
  requestHeaders(): RequestHeaderMap {
    return this.host.requestHeaders!;
  }
  responseHeaders(): ResponseHeaderMap | null {
    return this.host.responseHeaders;
  }
  resetStream(): void {
    this.host.resetStream();
  }
  sendLocalReply(reply: LocalReply): void {
    this.host.sendLocalReply(reply);
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
}
