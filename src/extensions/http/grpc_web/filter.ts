import { type BodyData, FilterDataStatus, FilterHeadersStatus, FilterTrailersStatus } from "../../../http/filter.ts";
import { encodeGrpcMessage } from "../../../http/grpc/grpc-message.ts";
import { grpcStatusOfHttp } from "../../../http/grpc/grpc-status.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../../http/header-map.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";
import type { ClusterDirectory } from "../../../upstream/thread-local-cluster.ts";
import { type GrpcMethodStats, grpcClusterStats, grpcMethodOf } from "../../grpc/grpc-method-stats.ts";
import { clusterStatsOf } from "../../request-cluster.ts";
import { Base64Decoder, FrameBase64Encoder } from "./grpc-web-text.ts";

const BINARY: ReadonlySet<string> = new Set(["application/grpc-web", "application/grpc-web+proto"]);
const TEXT: ReadonlySet<string> = new Set(["application/grpc-web-text", "application/grpc-web-text+proto"]);
/** Flag of the frame that holds the trailers. */
const TRAILERS_FRAME = 0x80;
/** Envoy's bound of the `grpc-message` that is made of a response which is no gRPC. */
const LONGEST_MESSAGE_BYTES = 16_384;
const EMPTY = Buffer.alloc(0);

/**
 * Lets browsers call gRPC services: gRPC-Web in binary form or as text (base64) on one side, gRPC on the other. Trailers go into the body.
 * Counts calls under `cluster.<name>.grpc-web.`. Source: Envoy's `GrpcWebFilter`.
 */
export class GrpcWebFilter extends PassThroughFilter {
  readonly #clusters: ClusterDirectory;
  #stats: GrpcMethodStats | null = null;
  #isGrpcWeb = false;
  #decodes: Base64Decoder | null = null;
  #encodes: FrameBase64Encoder | null = null;
  /** A response that is no gRPC, whose body becomes its `grpc-message`. */
  #foreign: ResponseHeaderMap | null = null;
  #foreignBody: Buffer[] = [];
  #foreignBytes = 0;

  constructor(clusters: ClusterDirectory) {
    super();
    this.#clusters = clusters;
  }

  override decodeHeaders(headers: RequestHeaderMap): FilterHeadersStatus {
    const type = headers.get("content-type") ?? "";
    if (!BINARY.has(type) && !TEXT.has(type)) return FilterHeadersStatus.continue;
    this.#isGrpcWeb = true;
    const method = grpcMethodOf(headers.path);
    const cluster = method === undefined ? null : clusterStatsOf(this.decoder, headers, this.#clusters);
    if (method !== undefined && cluster !== null) this.#stats = grpcClusterStats(cluster, "grpc-web").method(method);
    if (TEXT.has(type)) this.#decodes = new Base64Decoder();
    if (TEXT.has(headers.get("accept") ?? "")) this.#encodes = new FrameBase64Encoder();
    headers.remove("content-length");
    headers.set("content-type", "application/grpc");
    headers.set("te", "trailers");
    if (!headers.has("grpc-accept-encoding")) headers.add("grpc-accept-encoding", "identity");
    return FilterHeadersStatus.continue;
  }

  override decodeData(data: BodyData, endStream: boolean): FilterDataStatus {
    if (this.#decodes === null) return FilterDataStatus.continue;
    const decoded = this.#decodes.decode(data.bytes, endStream);
    if (typeof decoded === "string") {
      this.decoder.sendLocalReply({
        status: 400,
        body: "Bad gRPC-web request, invalid base64 data.",
        details: decoded === "size" ? "grpc_base_64_decode_failed_bad_size" : "grpc_base_64_decode_failed",
      });
      return FilterDataStatus.stopIterationNoBuffer;
    }
    if (decoded.length === 0 && !endStream) return FilterDataStatus.stopIterationNoBuffer;
    data.bytes = decoded;
    return FilterDataStatus.continue;
  }

  override encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): FilterHeadersStatus {
    if (!this.#isGrpcWeb) return FilterHeadersStatus.continue;
    this.#stats?.chargeStatus(headers);
    const isGrpc = headers.status === 200 && isGrpcType(headers.get("content-type") ?? "");
    headers.remove("content-length");
    headers.set("content-type", `application/grpc-web${this.#encodes === null ? "" : "-text"}+proto`);
    if (endStream || isGrpc) return FilterHeadersStatus.continue;
    this.#foreign = headers;
    return FilterHeadersStatus.stopIteration;
  }

  override encodeData(data: BodyData, endStream: boolean): FilterDataStatus {
    if (this.#foreign !== null) {
      this.#keepForeign(data.bytes);
      if (!endStream) return FilterDataStatus.stopIterationNoBuffer;
      this.#endForeign(this.#foreign);
      data.bytes = EMPTY;
      return FilterDataStatus.continue;
    }
    if (this.#encodes === null) return FilterDataStatus.continue;
    data.bytes = this.#encodes.encode(data.bytes);
    return data.bytes.length === 0 && !endStream ? FilterDataStatus.stopIterationNoBuffer : FilterDataStatus.continue;
  }

  override encodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    if (!this.#isGrpcWeb) return FilterTrailersStatus.continue;
    this.#stats?.chargeStatus(trailers);
    if (this.#foreign !== null) {
      this.#endForeign(this.#foreign);
      return FilterTrailersStatus.continue;
    }
    const frame = trailersFrame(trailers);
    trailers.list.length = 0;
    this.encoder.addEncodedData(this.#encodes === null ? frame : Buffer.from(frame.toString("base64"), "latin1"));
    return FilterTrailersStatus.continue;
  }

  #keepForeign(bytes: Buffer): void {
    const room = LONGEST_MESSAGE_BYTES - this.#foreignBytes;
    if (room <= 0) return;
    const part = bytes.subarray(0, room);
    this.#foreignBody.push(part);
    this.#foreignBytes += part.length;
  }

  #endForeign(headers: ResponseHeaderMap): void {
    this.#foreign = null;
    const text = Buffer.concat(this.#foreignBody).toString("utf8");
    this.#foreignBody = [];
    headers.set("grpc-message", encodeGrpcMessage(text));
    headers.set("grpc-status", String(grpcStatusOfHttp(headers.status)));
    headers.set("content-length", "0");
  }
}

function isGrpcType(type: string): boolean {
  const media = type.split(";", 1)[0]!.trim().toLowerCase();
  return media === "application/grpc" || media.startsWith("application/grpc+") || BINARY.has(media);
}

function trailersFrame(trailers: TrailerMap): Buffer {
  const { list } = trailers;
  let text = "";
  for (let i = 0; i < list.length; i += 2) text += `${list[i]}:${list[i + 1]}\r\n`;
  const frame = Buffer.alloc(5 + text.length);
  frame[0] = TRAILERS_FRAME;
  frame.writeUInt32BE(text.length, 1);
  frame.write(text, 5, "latin1");
  return frame;
}
