import type { LocalReply } from "./filter.ts";
import { encodeGrpcMessage } from "./grpc/grpc-message.ts";
import { grpcStatusOfHttp } from "./grpc/grpc-status.ts";
import type { RequestHeaderMap, ResponseHeaderMap } from "./header-map.ts";
import type { StreamInfo } from "./stream-info.ts";

/** A local reply ready to be sent. */
export interface PreparedLocalReply {
  readonly headers: ResponseHeaderMap;
  /** Empty if the reply is headers only. */
  readonly body: Buffer;
}

/** What became of the text of a reply. */
export interface RewrittenReply {
  readonly body: Buffer;
  /** For a body that no header tells of. */
  readonly contentType: string;
}

/** Changes the proxy's own replies before they are sent. */
export interface LocalReplyRewriter {
  /** Changes status and headers in place and answers what the body is. `request` is null if it never became known. */
  rewrite(
    headers: ResponseHeaderMap,
    body: string,
    request: RequestHeaderMap | null,
    streamInfo: StreamInfo,
  ): RewrittenReply;
}

const EMPTY = Buffer.alloc(0);
const PLAIN_TEXT = "text/plain";

/** Whether a request is gRPC, by its content type (`application/grpc`, `application/grpc+proto`, …). */
export function isGrpcRequest(headers: RequestHeaderMap): boolean {
  const type = headers.get("content-type");
  return type?.startsWith("application/grpc") === true && (type.length === 16 || type[16] === "+" || type[16] === ";");
}

/**
 * The message for a local reply: plain text, unless it was given another type, or for gRPC requests HTTP 200 with `grpc-status` and
 * `grpc-message`. `headers` are those that it has whatever it says, and become the reply's; `request` is null if it never became known.
 * Source: Envoy's `Http::Utility::prepareLocalReply`.
 */
export function prepareLocalReply(
  reply: LocalReply,
  headers: ResponseHeaderMap,
  request: RequestHeaderMap | null,
): PreparedLocalReply {
  reply.modifyHeaders?.(headers);
  return finishReply(reply, headers, Buffer.from(reply.body, "utf8"), PLAIN_TEXT, request);
}

/** As `prepareLocalReply`, with what `rewriter` makes of the reply. */
export function rewriteLocalReply(
  reply: LocalReply,
  headers: ResponseHeaderMap,
  rewriter: LocalReplyRewriter,
  request: RequestHeaderMap | null,
  streamInfo: StreamInfo,
): PreparedLocalReply {
  reply.modifyHeaders?.(headers);
  const typeBefore = headers.get("content-type");
  const { body, contentType } = rewriter.rewrite(headers, reply.body, request, streamInfo);
  // A type that came with the text that was does not fit the new one.
  const isOther = body.toString("utf8") !== reply.body;
  if (isOther && headers.get("content-type") === typeBefore) headers.remove("content-type");
  return finishReply(reply, headers, body, contentType, request);
}

/** What the body, or that there is none, makes of the headers. */
function finishReply(
  reply: LocalReply,
  headers: ResponseHeaderMap,
  body: Buffer,
  contentType: string,
  request: RequestHeaderMap | null,
): PreparedLocalReply {
  headers.remove("content-length");
  if (request !== null && isGrpcRequest(request)) {
    becomeGrpc(headers, reply.grpcStatus ?? grpcStatusOfHttp(headers.status), body.toString("utf8"));
    return { headers, body: EMPTY };
  }
  if (body.length === 0) {
    headers.remove("content-type");
    return { headers, body: EMPTY };
  }
  headers.add("content-length", String(body.length));
  if (!headers.has("content-type")) headers.add("content-type", contentType);
  return { headers, body: request?.method === "HEAD" ? EMPTY : body };
}

function becomeGrpc(headers: ResponseHeaderMap, grpcStatus: number, message: string): void {
  headers.status = 200;
  headers.set("content-type", "application/grpc");
  if (!headers.has("grpc-status")) headers.add("grpc-status", String(grpcStatus));
  if (message !== "") headers.set("grpc-message", encodeGrpcMessage(message));
}
