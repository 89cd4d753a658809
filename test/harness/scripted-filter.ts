import {
  type BodyData,
  FilterDataStatus,
  FilterHeadersStatus,
  FilterTrailersStatus,
  type StreamDecoderFilterCallbacks,
  type StreamEncoderFilterCallbacks,
  type StreamFilter,
} from "../../src/http/filter.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../src/http/header-map.ts";

/** What a `ScriptedFilter` answers to each call; it lets through what is not said here. */
export interface FilterScript {
  decodeHeaders?(filter: ScriptedFilter, headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus;
  decodeData?(filter: ScriptedFilter, data: BodyData, endStream: boolean): FilterDataStatus;
  decodeTrailers?(filter: ScriptedFilter, trailers: TrailerMap): FilterTrailersStatus;
  encodeHeaders?(filter: ScriptedFilter, headers: ResponseHeaderMap, endStream: boolean): FilterHeadersStatus;
  encodeData?(filter: ScriptedFilter, data: BodyData, endStream: boolean): FilterDataStatus;
  encodeTrailers?(filter: ScriptedFilter, trailers: TrailerMap): FilterTrailersStatus;
}

/** A filter that notes every call in a log shared with the filters around it, as `name call details [end]`. */
export class ScriptedFilter implements StreamFilter {
  readonly name: string;
  decoder!: StreamDecoderFilterCallbacks;
  encoder!: StreamEncoderFilterCallbacks;
  readonly #log: string[];
  readonly #script: FilterScript;

  constructor(name: string, log: string[], script: FilterScript = {}) {
    this.name = name;
    this.#log = log;
    this.#script = script;
  }

  setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    this.decoder = callbacks;
  }
  setEncoderFilterCallbacks(callbacks: StreamEncoderFilterCallbacks): void {
    this.encoder = callbacks;
  }

  decodeHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    this.#note("decodeHeaders", endStream);
    return this.#script.decodeHeaders?.(this, headers, endStream) ?? FilterHeadersStatus.continue;
  }
  decodeData(data: BodyData, endStream: boolean): FilterDataStatus {
    this.#note(`decodeData "${data.bytes.toString("latin1")}"`, endStream);
    return this.#script.decodeData?.(this, data, endStream) ?? FilterDataStatus.continue;
  }
  decodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    this.#note(`decodeTrailers ${trailers.list.join("=")}`, false);
    return this.#script.decodeTrailers?.(this, trailers) ?? FilterTrailersStatus.continue;
  }
  encode1xxHeaders(headers: ResponseHeaderMap): void {
    this.#note(`encode1xxHeaders ${headers.status}`, false);
  }
  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): FilterHeadersStatus {
    this.#note(`encodeHeaders ${headers.status}`, endStream);
    return this.#script.encodeHeaders?.(this, headers, endStream) ?? FilterHeadersStatus.continue;
  }
  encodeData(data: BodyData, endStream: boolean): FilterDataStatus {
    this.#note(`encodeData "${data.bytes.toString("latin1")}"`, endStream);
    return this.#script.encodeData?.(this, data, endStream) ?? FilterDataStatus.continue;
  }
  encodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    this.#note(`encodeTrailers ${trailers.list.join("=")}`, false);
    return this.#script.encodeTrailers?.(this, trailers) ?? FilterTrailersStatus.continue;
  }
  onDestroy(): void {
    this.#note("destroy", false);
  }

  #note(call: string, endStream: boolean): void {
    this.#log.push(`${this.name} ${call}${endStream ? " end" : ""}`);
  }
}
