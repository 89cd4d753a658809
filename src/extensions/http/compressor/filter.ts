import { FilterHeadersStatus, type StreamDecoderFilterCallbacks } from "../../../http/filter.ts";
import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import { BodyPump } from "../../compression/body-pump.ts";
import { createCompressor, flushKind } from "../../compression/compression-library.ts";
import { PumpedFilter } from "../../compression/pumped-filter.ts";
import { type MessageTransform, requestTransform, responseTransform } from "../../compression/transform-owner.ts";
import type { CompressedDirectionData, CompressorData, CompressorRouteData } from "./compressor-data.ts";
import { type EncodingCandidate, StreamEncodings } from "./encoding-choice.ts";
import { addVaryAcceptEncoding, dropStrongEtag, forbidsTransform, mediaType } from "./message-headers.ts";
import type { CompressedDirectionStats, CompressedResponseStats } from "./stats.ts";

/** What the streams of one configured filter on one worker share. */
export interface CompressorRuntime {
  readonly data: CompressorData;
  readonly values: Runtime;
  readonly requestTypes: ReadonlySet<string>;
  readonly candidate: EncodingCandidate;
  readonly requestStats: CompressedDirectionStats;
  readonly responseStats: CompressedResponseStats;
}

/**
 * Compresses the bodies of responses for clients that accept it, and of requests if that is switched on, on the process's thread pool.
 * Source: Envoy's `CompressorFilter`.
 */
export class CompressorFilter extends PumpedFilter {
  readonly #runtime: CompressorRuntime;
  #encodings!: StreamEncodings;
  #acceptEncoding: string | undefined;
  #isTunnel = false;

  constructor(runtime: CompressorRuntime) {
    super();
    this.#runtime = runtime;
  }

  override setDecoderFilterCallbacks(callbacks: StreamDecoderFilterCallbacks): void {
    super.setDecoderFilterCallbacks(callbacks);
    this.#encodings = StreamEncodings.register(callbacks.streamInfo, this.#runtime.candidate);
  }

  override decodeHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    const { data, requestStats } = this.#runtime;
    this.#isTunnel = headers.protocol !== "" || headers.method === "CONNECT";
    this.#acceptEncoding = headers.getJoined("accept-encoding");
    const route = this.#route();
    const removes = route?.removeAcceptEncoding ?? data.removeAcceptEncoding;
    if (removes && this.#compressesResponses(route)) headers.remove("accept-encoding");
    if (endStream || !this.#compressesRequest(headers)) {
      requestStats.notCompressed.inc();
      return FilterHeadersStatus.continue;
    }
    const owner = requestTransform(this.decoder, "request_compression_failed");
    this.request = this.#begin(headers, owner, requestStats);
    return FilterHeadersStatus.continue;
  }

  override encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): FilterHeadersStatus {
    const { data, responseStats, candidate } = this.#runtime;
    const wanted = this.#compressesResponses(this.#route()) && isLongEnough(headers, data.response, responseStats);
    const compressible =
      wanted &&
      !this.#isTunnel &&
      !data.uncompressibleCodes.includes(headers.status) &&
      hasType(headers, candidate.contentTypes) &&
      !forbidsTransform(headers) &&
      this.#mayHaveEtag(headers) &&
      !headers.has("content-encoding");
    if (!endStream && this.#isAccepted(wanted, headers) && compressible) {
      dropStrongEtag(headers);
      this.response = this.#begin(headers, responseTransform(this.encoder), responseStats);
    } else {
      responseStats.notCompressed.inc();
    }
    if (compressible) addVaryAcceptEncoding(headers);
    return FilterHeadersStatus.continue;
  }

  #begin(headers: HeaderMap, owner: MessageTransform, stats: CompressedDirectionStats): BodyPump {
    const { data, candidate } = this.#runtime;
    headers.remove("content-length");
    headers.set("content-encoding", candidate.encoding);
    stats.compressed.inc();
    const limits = { flush: flushKind(data.library), maxRatio: data.library.maxRatio };
    const bytes = { input: stats.totalUncompressedBytes, output: stats.totalCompressedBytes };
    return new BodyPump(createCompressor(data.library), owner, limits, bytes);
  }

  #route(): CompressorRouteData | undefined {
    return this.decoder.perFilterConfig() as CompressorRouteData | undefined;
  }

  #compressesResponses(route: CompressorRouteData | undefined): boolean {
    return route?.enabled ?? this.#runtime.values.flag(this.#runtime.data.response.enabled);
  }

  #compressesRequest(headers: RequestHeaderMap): boolean {
    const { data, requestTypes, requestStats, values } = this.#runtime;
    return (
      values.flag(data.request.enabled) &&
      !this.#isTunnel &&
      isLongEnough(headers, data.request, requestStats) &&
      hasType(headers, requestTypes) &&
      !headers.has("content-encoding")
    );
  }

  #mayHaveEtag(headers: ResponseHeaderMap): boolean {
    if (!this.#runtime.data.disableOnEtag || !headers.has("etag")) return true;
    this.#runtime.responseStats.notCompressedEtag.inc();
    return false;
  }

  /** Whether the client wants this filter's encoding; counts only for responses that are `wanted` compressed. */
  #isAccepted(wanted: boolean, headers: ResponseHeaderMap): boolean {
    if (!wanted) return false;
    const { responseStats: stats, candidate } = this.#runtime;
    if (this.#acceptEncoding === undefined) {
      stats.noAcceptHeader.inc();
      return false;
    }
    const { encoding, reason } = this.#encodings.choose(this.#acceptEncoding, mediaType(headers));
    const isOurs = encoding === candidate.encoding;
    if (reason === "compressor") (isOurs ? stats.headerCompressorUsed : stats.headerCompressorOvershadowed).inc();
    else if (reason === "identity") stats.headerIdentity.inc();
    else if (reason === "wildcard") stats.headerWildcard.inc();
    else stats.headerNotValid.inc();
    return isOurs;
  }
}

function isLongEnough(
  headers: HeaderMap,
  direction: CompressedDirectionData,
  stats: CompressedDirectionStats,
): boolean {
  const length = headers.get("content-length");
  if (length === undefined || Number(length) >= direction.minContentLength) return true;
  stats.contentLengthTooSmall.inc();
  return false;
}

function hasType(headers: HeaderMap, types: ReadonlySet<string>): boolean {
  const type = mediaType(headers);
  return type === "" || types.has(type);
}
