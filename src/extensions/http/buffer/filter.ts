import { type BodyData, FilterDataStatus, FilterHeadersStatus } from "../../../http/filter.ts";
import type { RequestHeaderMap } from "../../../http/header-map.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";

/** Envoy's `Buffer` or `BufferPerRoute`, checked. Plain data. */
export interface BufferData {
  /** More is answered with 413. Null: nothing is held back. */
  readonly maxRequestBytes: number | null;
}

/**
 * Holds a request back until all of it is there, and says its length if the client did not. Source: Envoy's `BufferFilter`; the
 * filter manager answers with 413 (`request_payload_too_large`).
 * Differs from Envoy: a request is also refused if only its last piece brings it over the limit.
 */
export class BufferFilter extends PassThroughFilter {
  readonly #data: BufferData;
  /** The headers of a request that is held back and has no `content-length`: with trailers it gets none, for HTTP/1 could not send both. */
  #unmeasured: RequestHeaderMap | null = null;
  /** Null: this request is not held back. */
  #limitBytes: number | null = null;
  #lengthBytes = 0;

  constructor(data: BufferData) {
    super();
    this.#data = data;
  }

  override decodeHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    if (endStream) return FilterHeadersStatus.continue;
    const data = (this.decoder.perFilterConfig() as BufferData | undefined) ?? this.#data;
    // A tunnel has no end to wait for.
    if (data.maxRequestBytes === null || headers.protocol !== "" || headers.method === "CONNECT") {
      return FilterHeadersStatus.continue;
    }
    this.#limitBytes = data.maxRequestBytes;
    if (!headers.has("content-length")) this.#unmeasured = headers;
    this.decoder.setDecoderBufferLimit(data.maxRequestBytes);
    return FilterHeadersStatus.stopIteration;
  }

  override decodeData({ bytes }: BodyData, endStream: boolean): FilterDataStatus {
    if (this.#limitBytes === null) return FilterDataStatus.continue;
    this.#lengthBytes += bytes.length;
    if (!endStream) return FilterDataStatus.stopIterationAndBuffer;
    if (this.#lengthBytes > this.#limitBytes) {
      this.decoder.sendLocalReply({ status: 413, body: "Payload Too Large", details: "request_payload_too_large" });
      return FilterDataStatus.stopIterationNoBuffer;
    }
    this.#unmeasured?.set("content-length", String(this.#lengthBytes));
    return FilterDataStatus.continue;
  }
}
