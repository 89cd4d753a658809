import type { CodecError } from "../../../http/codec.ts";
import { rawErrorResponse } from "../../../http/http1/raw-error-response.ts";
import { type ResponseFlag, StreamInfo } from "../../../http/stream-info.ts";
import type { Connection } from "../../../net/connection.ts";
import type { DownstreamConnectionInfo } from "../../../net/downstream-connection-info.ts";
import type { HcmRuntime } from "./hcm-runtime.ts";

/**
 * Answers bytes that never became a request, on HTTP/1: there is no stream, but an answer, stats and a log line are due all the same. `flag`
 * null = none. The connection is left open.
 */
export function answerWithoutStream(
  error: CodecError,
  flag: ResponseFlag | null,
  runtime: HcmRuntime,
  connection: Connection,
  connectionInfo: DownstreamConnectionInfo,
): void {
  const { clock, stats, accessLogs } = runtime;
  const nowMs = clock.nowMs();
  const info = new StreamInfo(connectionInfo, "HTTP/1.1", nowMs, clock.wallMs());
  if (flag !== null) info.setResponseFlag(flag);
  info.responseCode = error.status;
  info.responseCodeDetails = error.details;
  info.completedMs = nowMs;
  stats.rqTotal.inc();
  stats.rqHttp1Total.inc();
  stats.chargeResponse(error.status);
  connection.writeLatin1(rawErrorResponse(error));
  runtime.failures?.note(info, null);
  for (const log of accessLogs) {
    log.log({
      requestHeaders: null,
      responseHeaders: null,
      responseTrailers: null,
      streamInfo: info,
      accessLogType: "DownstreamEnd",
    });
  }
}
