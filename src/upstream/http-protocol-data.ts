import type { CompileContext } from "../config/compile-context.ts";
import { durationMs } from "../config/duration-ms.ts";
import type { Place } from "../config/place.ts";
import { compileKeyFormat } from "../http/http1/config.ts";
import type { KeyFormatData } from "../http/http1/key-format-data.ts";
import type { Http2ProtocolData } from "../http/http2/codec-options.ts";
import { compileHttp2Protocol } from "../http/http2/config.ts";
import type {
  Http1ProtocolOptions,
  Http2ProtocolOptions,
  HttpProtocolOptions,
  UpstreamHttpProtocolOptions,
} from "../proto/gen/envoy/config/core/v3/protocol_pb.js";

import type { AutoTlsData } from "./pool/connection-wishes.ts";

/** What upstream connections speak; `downstream`: what the client of the request speaks; `auto`: what each host chooses by ALPN. */
export type UpstreamHttpProtocol = "http1" | "http2" | "downstream" | "auto";

/** How a cluster speaks HTTP. Plain data. Durations 0 = no limit. */
export interface HttpProtocolData {
  readonly idleTimeoutMs: number;
  readonly maxConnectionDurationMs: number;
  readonly maxStreamDurationMs: number;
  readonly maxRequestsPerConnection: number;
  readonly maxResponseHeadersCount: number;
  readonly enableTrailers: boolean;
  readonly keyFormat: KeyFormatData | null;
  readonly sendFullyQualifiedUrl: boolean;
  readonly httpProtocol: UpstreamHttpProtocol;
  readonly http2: Http2ProtocolData;
  readonly autoTls: AutoTlsData | null;
}

/** How long an upstream connection waits for its next request, if nothing else is configured. */
const DEFAULT_IDLE_TIMEOUT_MS = 3_600_000;
const DEFAULT_MAX_HEADERS_COUNT = 100;

/** The messages that say how a cluster speaks HTTP. */
export interface HttpProtocolMessages {
  readonly common: HttpProtocolOptions | undefined;
  readonly http1: Http1ProtocolOptions | undefined;
  readonly http2: Http2ProtocolOptions | undefined;
  readonly upstream: UpstreamHttpProtocolOptions | undefined;
}

/** Compiles the options that the old fields of a cluster and `HttpProtocolOptions` share. `http1Place` is that of the HTTP/1 options. */
export function compileHttpProtocol(
  { common, http1, http2, upstream }: HttpProtocolMessages,
  httpProtocol: UpstreamHttpProtocol,
  http1Place: Place,
  context: CompileContext,
): HttpProtocolData {
  return {
    idleTimeoutMs: durationMs(common?.idleTimeout, DEFAULT_IDLE_TIMEOUT_MS),
    maxConnectionDurationMs: durationMs(common?.maxConnectionDuration, 0),
    maxStreamDurationMs: durationMs(common?.maxStreamDuration, 0),
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? 0,
    maxResponseHeadersCount: common?.maxHeadersCount ?? DEFAULT_MAX_HEADERS_COUNT,
    enableTrailers: http1?.enableTrailers ?? false,
    keyFormat: compileKeyFormat(http1, http1Place, context),
    sendFullyQualifiedUrl: http1?.sendFullyQualifiedUrl ?? false,
    httpProtocol,
    http2: compileHttp2Protocol(http2),
    autoTls: compileAutoTls(upstream),
  };
}

function compileAutoTls(message: UpstreamHttpProtocolOptions | undefined): AutoTlsData | null {
  if (message === undefined || (!message.autoSni && !message.autoSanValidation)) return null;
  const { autoSni: sni, autoSanValidation: sanValidation, overrideAutoSniHeader } = message;
  return { sni, sanValidation, overrideHeader: overrideAutoSniHeader.toLowerCase() };
}
