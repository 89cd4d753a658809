import type { LocalReply } from "../../../http/filter.ts";
import { ResponseHeaderMap } from "../../../http/header-map.ts";
import { rawErrorResponse } from "../../../http/http1/raw-error-response.ts";
import { prepareLocalReply, rewriteLocalReply } from "../../../http/local-reply.ts";
import { type ResponseFlag, StreamInfo } from "../../../http/stream-info.ts";
import type { Connection } from "../../../net/connection.ts";
import type { DownstreamConnectionInfo } from "../../../net/downstream-connection-info.ts";
import type { HcmRuntime } from "./hcm-runtime.ts";
import { mutateResponseHeaders } from "./response-headers.ts";

/**
 * Answers bytes that never became a request, on HTTP/1: there is no stream, but a reply like all others of the proxy (`local_reply_config`), stats and
 * a log line are due all the same. `flag` null = none. HTTP filters don't see it, and the connection is left open.
 * Source: Envoy's `ServerConnectionImpl::sendProtocolError`.
 */
export function answerWithoutStream(
  reply: LocalReply,
  flag: ResponseFlag | null,
  runtime: HcmRuntime,
  connection: Connection,
  connectionInfo: DownstreamConnectionInfo,
): void {
  const { clock, stats, accessLogs, localReplies, http1Options } = runtime;
  const nowMs = clock.nowMs();
  const info = new StreamInfo(connectionInfo, "HTTP/1.1", nowMs, clock.wallMs());
  if (flag !== null) info.setResponseFlag(flag);
  info.responseCode = reply.status;
  info.responseCodeDetails = reply.details;
  info.localReplyBody = reply.body;
  const bare = new ResponseHeaderMap(reply.status);
  const { headers, body } =
    localReplies === null
      ? prepareLocalReply(reply, bare, null)
      : rewriteLocalReply(reply, bare, localReplies, null, info);
  mutateResponseHeaders(headers, null, runtime.data, runtime.date);
  info.responseCode = headers.status;
  info.bytesSent = body.length;
  info.completedMs = nowMs;
  stats.rqTotal.inc();
  stats.rqHttp1Total.inc();
  stats.chargeResponse(headers.status);
  connection.writeLatin1(rawErrorResponse(headers, http1Options.nameFormat) + body.toString("latin1"));
  runtime.failures?.note(info, null);
  for (const log of accessLogs) {
    log.log({
      requestHeaders: null,
      responseHeaders: headers,
      responseTrailers: null,
      streamInfo: info,
      accessLogType: "DownstreamEnd",
    });
  }
}
