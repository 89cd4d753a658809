import { GRPC_FRAME_HEADER_BYTES, GrpcFrameReader, grpcFrame } from "../../http/grpc/grpc-frames.ts";
import { decodeGrpcMessage } from "../../http/grpc/grpc-message.ts";
import { GrpcStatus, grpcStatusIn, grpcStatusOfHttp } from "../../http/grpc/grpc-status.ts";
import { internHeaderName, RequestHeaderMap } from "../../http/header-map.ts";
import type { Span } from "../../http/span.ts";
import type { AsyncClient } from "./async-client.ts";
import type { AsyncCall, AsyncFailure, AsyncFailureReason } from "./async-failure.ts";
import { AsyncGrpcStream, type AsyncGrpcStreamCallbacks } from "./async-grpc-stream.ts";
import type { AsyncResponse } from "./async-request.ts";
import type { GrpcServiceData } from "./grpc-service-data.ts";

/** Gets exactly one of the two calls, perhaps before `call` returns; none after `cancel`. `span` is the call's own, if it has one. */
export interface AsyncGrpcCallbacks {
  /** The service's one message, with status OK. */
  onMessage(message: Buffer, span: Span | null): void;
  /** `status` is never 0. `message` is for people. */
  onFailure(status: number, message: string): void;
}

/** The gRPC status that stands for a call without response. */
const STATUS_OF: Readonly<Record<AsyncFailureReason, number>> = {
  noCluster: GrpcStatus.unavailable,
  noHealthyHost: GrpcStatus.unavailable,
  overflow: GrpcStatus.unavailable,
  connectionFailure: GrpcStatus.unavailable,
  reset: GrpcStatus.unavailable,
  timeout: GrpcStatus.deadlineExceeded,
  responseTooLarge: GrpcStatus.resourceExhausted,
  closed: GrpcStatus.cancelled,
};

/**
 * gRPC calls that the proxy itself makes: whole ones, and streams of messages to a service. Messages are bytes: who calls encodes them.
 *
 * ```ts
 * const grpc = new AsyncGrpcClient(worker.asyncClient);
 * grpc.call(service, "/envoy.service.auth.v3.Authorization/Check", toBinary(CheckRequestSchema, request), {
 *   onMessage: (bytes) => fromBinary(CheckResponseSchema, bytes), …
 *   onFailure: (status, message) => …,
 * });
 * ```
 *
 * `service` is made by `compileGrpcService`; its cluster must speak HTTP/2. Source: Envoy's `Grpc::AsyncClientImpl`.
 * Differs from Envoy: a call that takes too long fails with DEADLINE_EXCEEDED instead of UNAVAILABLE.
 */
export class AsyncGrpcClient {
  readonly #client: AsyncClient;

  constructor(client: AsyncClient) {
    this.#client = client;
  }

  /**
   * One message there, one message back. `path` is `/<package>.<service>/<method>`. `metadata`: more headers, by name and value. `parent`: the span of
   * what it is done for; the call gets one below it.
   */
  call(
    service: GrpcServiceData,
    path: string,
    message: Uint8Array,
    callbacks: AsyncGrpcCallbacks,
    metadata: readonly (readonly [string, string])[] = [],
    parent: Span | null = null,
  ): AsyncCall {
    const headers = grpcHeaders(service, path, metadata);
    if (service.timeoutMs > 0) headers.add("grpc-timeout", grpcTimeout(service.timeoutMs));
    const request = {
      headers,
      body: grpcFrame(message),
      timeoutMs: service.timeoutMs,
      maxResponseBytes: service.maxMessageBytes + GRPC_FRAME_HEADER_BYTES,
      retry: service.retry,
      skipEnvoyHeaders: service.skipEnvoyHeaders,
      trace: parent === null ? null : { parent, name: spanName(path), grpcAuthority: service.authority },
    };
    return this.#client.send(service.cluster, request, {
      onResponse: (response, span) => onUnaryResponse(response, service.maxMessageBytes, callbacks, span),
      onFailure: (failure, span) => fail(callbacks, grpcStatusOfFailure(failure), failure.details, span),
    });
  }

  /**
   * Opens a stream of messages to the service. At most about `maxQueuedBytes` of them wait for a connection or a slow service. Null if it
   * failed at once, which `onClosed` was told.
   */
  open(
    service: GrpcServiceData,
    path: string,
    maxQueuedBytes: number,
    callbacks: AsyncGrpcStreamCallbacks,
  ): AsyncGrpcStream | null {
    const stream = new AsyncGrpcStream(this.#client, service, maxQueuedBytes, callbacks, grpcStatusOfFailure);
    const headers = grpcHeaders(service, path, []);
    if (!service.skipEnvoyHeaders) headers.set("x-envoy-internal", "true");
    return stream.start(headers) ? stream : null;
  }
}

/** `/a.b.Service/Method` in Envoy's words. */
function spanName(path: string): string {
  return `async ${path.slice(1).replace("/", ".")} egress`;
}

function fail(callbacks: AsyncGrpcCallbacks, status: number, message: string, span: Span | null): void {
  span?.setTag("grpc.status_code", String(status));
  span?.setTag("error", "true");
  callbacks.onFailure(status, message);
}

function grpcStatusOfFailure({ reason }: AsyncFailure): number {
  return STATUS_OF[reason];
}

function grpcHeaders(
  service: GrpcServiceData,
  path: string,
  metadata: readonly (readonly [string, string])[],
): RequestHeaderMap {
  const headers = new RequestHeaderMap();
  headers.method = "POST";
  headers.scheme = "http";
  headers.authority = service.authority;
  headers.path = path;
  headers.add("te", "trailers");
  headers.add("content-type", "application/grpc");
  for (const [name, value] of service.initialMetadata) headers.add(internHeaderName(name), value);
  for (const [name, value] of metadata) headers.add(internHeaderName(name), value);
  return headers;
}

/** The value of `grpc-timeout`: at most eight digits and a unit. */
export function grpcTimeout(timeoutMs: number): string {
  if (timeoutMs < 1e8) return `${Math.ceil(timeoutMs)}m`;
  if (timeoutMs < 1e11) return `${Math.ceil(timeoutMs / 1000)}S`;
  return `${Math.min(Math.ceil(timeoutMs / 60_000), 99_999_999)}M`;
}

function onUnaryResponse(
  response: AsyncResponse,
  maxMessageBytes: number,
  callbacks: AsyncGrpcCallbacks,
  span: Span | null,
): void {
  const { headers, body, trailers } = response;
  const status = grpcStatusIn(trailers ?? headers) ?? grpcStatusIn(headers);
  if (status === undefined) {
    const isHttpError = headers.status !== 200;
    const code = isHttpError ? grpcStatusOfHttp(headers.status) : GrpcStatus.unknown;
    fail(callbacks, code, isHttpError ? `HTTP status ${headers.status}` : "the response has no grpc-status", span);
    return;
  }
  if (status !== GrpcStatus.ok) {
    fail(callbacks, status, decodeGrpcMessage((trailers ?? headers).get("grpc-message") ?? ""), span);
    return;
  }
  const reader = new GrpcFrameReader(maxMessageBytes);
  reader.push(body);
  const frame = reader.next();
  if (frame === null || reader.isInMessage) {
    fail(callbacks, GrpcStatus.internal, "the response is not one message", span);
    return;
  }
  span?.setTag("grpc.status_code", "0");
  callbacks.onMessage(frame.message, span);
}
