import { FilterHeadersStatus } from "../../../http/filter.ts";
import type { HeaderMap, RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import { BodyPump } from "../../compression/body-pump.ts";
import { createDecompressor } from "../../compression/compression-library.ts";
import { PumpedFilter } from "../../compression/pumped-filter.ts";
import { type MessageTransform, requestTransform, responseTransform } from "../../compression/transform-owner.ts";
import type { DecompressedDirectionData, DecompressorData } from "./decompressor-data.ts";
import type { DecompressorStats } from "./stats.ts";

/** What the streams of one configured filter on one worker share. */
export interface DecompressorRuntime {
  readonly data: DecompressorData;
  readonly values: Runtime;
  /** The word in `content-encoding`. */
  readonly encoding: string;
  readonly requestStats: DecompressorStats;
  readonly responseStats: DecompressorStats;
}

/**
 * Decompresses the bodies of requests and responses that have its encoding, on the process's thread pool. Source: Envoy's
 * `DecompressorFilter`.
 * Differs from Envoy: of several encodings the last, which was applied last, is taken off. A body that is broken or becomes too
 * long is not passed on as far as it goes: the request is answered with 400 (`request_decompression_failed`), the response reset.
 * No trailers are added that say how many bytes there were.
 */
export class DecompressorFilter extends PumpedFilter {
  readonly #runtime: DecompressorRuntime;

  constructor(runtime: DecompressorRuntime) {
    super();
    this.#runtime = runtime;
  }

  override decodeHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    const { data, values, encoding, requestStats } = this.#runtime;
    if (values.flag(data.response.enabled) && data.advertises) advertise(headers, encoding);
    if (endStream) return FilterHeadersStatus.continue;
    if (!values.flag(data.request.enabled) || !takesOff(headers, data.request, encoding)) {
      requestStats.notDecompressed.inc();
      return FilterHeadersStatus.continue;
    }
    this.request = this.#begin(headers, requestTransform(this.decoder, "request_decompression_failed"), requestStats);
    return FilterHeadersStatus.continue;
  }

  override encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): FilterHeadersStatus {
    const { data, values, encoding, responseStats } = this.#runtime;
    if (endStream) return FilterHeadersStatus.continue;
    if (!values.flag(data.response.enabled) || !takesOff(headers, data.response, encoding)) {
      responseStats.notDecompressed.inc();
      return FilterHeadersStatus.continue;
    }
    this.response = this.#begin(headers, responseTransform(this.encoder), responseStats);
    return FilterHeadersStatus.continue;
  }

  #begin(headers: HeaderMap, owner: MessageTransform, stats: DecompressorStats): BodyPump {
    const { library } = this.#runtime.data;
    headers.remove("content-length");
    const rest = encodingsOf(headers).slice(0, -1);
    headers.remove("content-encoding");
    if (rest.length > 0) headers.set("content-encoding", rest.join(", "));
    stats.decompressed.inc();
    const limits = { flush: null, maxRatio: library.maxRatio };
    const bytes = { input: stats.totalCompressedBytes, output: stats.totalUncompressedBytes };
    return new BodyPump(createDecompressor(library), owner, limits, bytes);
  }
}

function encodingsOf(headers: HeaderMap): string[] {
  return (headers.getJoined("content-encoding") ?? "").split(",").map((encoding) => encoding.trim());
}

function takesOff(headers: HeaderMap, direction: DecompressedDirectionData, encoding: string): boolean {
  if (encodingsOf(headers).at(-1)?.toLowerCase() !== encoding) return false;
  if (direction.ignoresNoTransform) return true;
  const control = headers.getJoined("cache-control") ?? "";
  return !control.split(",").some((each) => each.trim().toLowerCase() === "no-transform");
}

/** Adds the encoding to what the client accepts, in place of what the client says of it. */
function advertise(headers: RequestHeaderMap, encoding: string): void {
  const accepted = (headers.getJoined("accept-encoding") ?? "").split(",").map((each) => each.trim());
  const others = accepted.filter((each) => each !== "" && each.split(";")[0]!.trim().toLowerCase() !== encoding);
  headers.set("accept-encoding", [...others, encoding].join(","));
}
