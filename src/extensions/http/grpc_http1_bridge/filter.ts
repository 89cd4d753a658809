import { type BodyData, FilterDataStatus, FilterHeadersStatus, FilterTrailersStatus } from "../../../http/filter.ts";
import { GRPC_FRAME_HEADER_BYTES, grpcFrame } from "../../../http/grpc/grpc-frames.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../../http/header-map.ts";
import { isGrpcRequest } from "../../../http/local-reply.ts";
import { PassThroughFilter } from "../../../http/pass-through-filter.ts";
import type { ClusterDirectory } from "../../../upstream/thread-local-cluster.ts";
import { type GrpcMethodStats, grpcClusterStats, grpcMethodOf } from "../../grpc/grpc-method-stats.ts";
import { clusterStatsOf } from "../../request-cluster.ts";

/** Envoy's `Config` of the filter, checked. Plain data. */
export interface GrpcHttp1BridgeData {
  /** Requests of type `application/x-protobuf` are made gRPC requests, and their responses taken out of their frame. */
  readonly upgradeProtobuf: boolean;
  readonly ignoreQuery: boolean;
}

const PROTOBUF = "application/x-protobuf";

/**
 * Lets HTTP/1 clients, which know no trailers, call unary gRPC methods: holds the response back, and says in its headers how the call
 * ended; an error is a 503. Counts all gRPC calls under `cluster.<name>.grpc.`. Source: Envoy's `Http1BridgeFilter`.
 */
export class GrpcHttp1BridgeFilter extends PassThroughFilter {
  readonly #data: GrpcHttp1BridgeData;
  readonly #clusters: ClusterDirectory;
  #stats: GrpcMethodStats | null = null;
  #bridges = false;
  #frames = false;
  #response: ResponseHeaderMap | null = null;

  constructor(data: GrpcHttp1BridgeData, clusters: ClusterDirectory) {
    super();
    this.#data = data;
    this.#clusters = clusters;
  }

  override decodeHeaders(headers: RequestHeaderMap, endStream: boolean): FilterHeadersStatus {
    const isProtobuf = this.#data.upgradeProtobuf && headers.get("content-type") === PROTOBUF;
    if (!isProtobuf && !isGrpcRequest(headers)) return FilterHeadersStatus.continue;
    this.#frames = isProtobuf;
    this.#bridges = this.decoder.streamInfo.protocol !== "HTTP/2";
    if (this.#bridges && this.#data.ignoreQuery) headers.path = headers.path.split("?", 1)[0]!;
    this.#charge(headers);
    if (!isProtobuf) return FilterHeadersStatus.continue;
    headers.set("content-type", "application/grpc");
    const length = headers.get("content-length");
    if (length !== undefined) headers.set("content-length", String(Number(length) + GRPC_FRAME_HEADER_BYTES));
    if (endStream) {
      // An empty message is one too.
      headers.set("content-length", String(GRPC_FRAME_HEADER_BYTES));
      this.decoder.addDecodedData(grpcFrame(new Uint8Array(0)));
      return FilterHeadersStatus.continue;
    }
    return FilterHeadersStatus.stopIteration;
  }

  override decodeData(data: BodyData, endStream: boolean): FilterDataStatus {
    if (!this.#frames) return FilterDataStatus.continue;
    if (!endStream) return FilterDataStatus.stopIterationAndBuffer;
    const before = this.decoder.decodingBuffer();
    if (before === null) {
      data.bytes = grpcFrame(data.bytes);
    } else {
      const message = Buffer.concat([before, data.bytes]);
      data.bytes = Buffer.alloc(0);
      this.decoder.setDecodingBuffer(grpcFrame(message));
    }
    return FilterDataStatus.continue;
  }

  override decodeTrailers(): FilterTrailersStatus {
    if (this.#frames) this.decoder.setDecodingBuffer(grpcFrame(this.decoder.decodingBuffer() ?? new Uint8Array(0)));
    return FilterTrailersStatus.continue;
  }

  override encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): FilterHeadersStatus {
    this.#stats?.chargeStatus(headers);
    if ((!this.#bridges && !this.#frames) || endStream) return FilterHeadersStatus.continue;
    if (this.encoder.streamInfo.responseCodeDetails !== "via_upstream") return FilterHeadersStatus.continue;
    this.#response = headers;
    return FilterHeadersStatus.stopIteration;
  }

  override encodeData(data: BodyData, endStream: boolean): FilterDataStatus {
    if (this.#response === null) return FilterDataStatus.continue;
    if (!endStream) return FilterDataStatus.stopIterationAndBuffer;
    const before = this.encoder.encodingBuffer();
    const body = before === null ? data.bytes : Buffer.concat([before, data.bytes]);
    data.bytes = Buffer.alloc(0);
    this.encoder.setEncodingBuffer(this.#unframed(this.#response, body));
    return FilterDataStatus.continue;
  }

  override encodeTrailers(trailers: TrailerMap): FilterTrailersStatus {
    this.#stats?.chargeStatus(trailers);
    const headers = this.#response;
    if (headers === null) return FilterTrailersStatus.continue;
    const status = trailers.get("grpc-status");
    if (status !== undefined) {
      if (status !== "0") headers.status = 503;
      headers.set("grpc-status", status);
    }
    const message = trailers.get("grpc-message");
    if (message !== undefined) headers.set("grpc-message", message);
    const body = this.#unframed(headers, this.encoder.encodingBuffer() ?? Buffer.alloc(0));
    this.encoder.setEncodingBuffer(body);
    if (this.#bridges) headers.set("content-length", String(body.length));
    return FilterTrailersStatus.continue;
  }

  #charge(headers: RequestHeaderMap): void {
    const method = grpcMethodOf(headers.path);
    const cluster = method === undefined ? null : clusterStatsOf(this.decoder, headers, this.#clusters);
    if (method !== undefined && cluster !== null) this.#stats = grpcClusterStats(cluster, "grpc").method(method);
  }

  /** The body that the client gets: a message without its frame, where it sent one without. */
  #unframed(headers: ResponseHeaderMap, body: Buffer): Buffer {
    if (!this.#frames) return body;
    headers.set("content-type", PROTOBUF);
    const message = body.subarray(GRPC_FRAME_HEADER_BYTES);
    if (headers.has("content-length")) headers.set("content-length", String(message.length));
    return message;
  }
}
