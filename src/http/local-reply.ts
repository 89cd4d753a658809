import type { LocalReply } from "./filter.ts";
import { encodeGrpcMessage } from "./grpc-message.ts";
import { grpcStatusOfHttp } from "./grpc-status.ts";
import { type RequestHeaderMap, ResponseHeaderMap } from "./header-map.ts";

/** A local reply ready to be sent. */
export interface PreparedLocalReply {
  readonly headers: ResponseHeaderMap;
  /** Empty if the reply is headers only. */
  readonly body: Buffer;
}

const EMPTY = Buffer.alloc(0);

/** Whether a request is gRPC, by its content type (`application/grpc`, `application/grpc+proto`, …). */
export function isGrpcRequest(headers: RequestHeaderMap): boolean {
  const type = headers.get("content-type");
  return type?.startsWith("application/grpc") === true && (type.length === 16 || type[16] === "+" || type[16] === ";");
}

/**
 * The message for a local reply: plain text, or for gRPC requests HTTP 200 with `grpc-status` and `grpc-message`.
 * `request` is null if it never became known. Source: Envoy's `Http::Utility::sendLocalReply`.
 */
export function prepareLocalReply(reply: LocalReply, request: RequestHeaderMap | null): PreparedLocalReply {
  const headers = new ResponseHeaderMap(reply.status);
  if (request !== null && isGrpcRequest(request)) {
    headers.status = 200;
    const status = reply.grpcStatus ?? grpcStatusOfHttp(reply.status);
    headers.add("content-type", "application/grpc");
    headers.add("grpc-status", String(status));
    if (reply.body !== "") headers.add("grpc-message", encodeGrpcMessage(reply.body));
    reply.modifyHeaders?.(headers);
    return { headers, body: EMPTY };
  }
  const body = reply.body === "" ? EMPTY : Buffer.from(reply.body, "utf8");
  if (body.length > 0) {
    headers.add("content-length", String(body.length));
    headers.add("content-type", "text/plain");
  }
  reply.modifyHeaders?.(headers);
  return { headers, body: request?.method === "HEAD" ? EMPTY : body };
}
