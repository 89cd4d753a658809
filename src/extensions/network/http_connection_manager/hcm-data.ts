import type { AccessLogData } from "../../../access-log/access-log-data.ts";
import type { CompiledExtension } from "../../../config/compile-context.ts";
import type { HeadersWithUnderscoresAction } from "../../../http/http1/codec-options.ts";
import type { KeyFormatData } from "../../../http/http1/key-format-data.ts";
import type { Http2ProtocolData } from "../../../http/http2/codec-options.ts";
import type { CidrData } from "../../../match/ip-prefix-table.ts";
import type { HeaderMutationsData } from "../../../route/header-mutations.ts";
import type { IpDetectionData } from "../../original_ip_detection/ip-detection-data.ts";
import type { ClientCertificateHeaderData } from "./client-certificate-header.ts";
import type { LocalReplyData } from "./local-reply-config.ts";
import type { HcmTracingData } from "./tracing-config.ts";

/** A configured HTTP filter with the switches around it. */
export interface HttpFilterData {
  readonly filter: CompiledExtension;
  /** Off unless a route switches it on. */
  readonly disabled: boolean;
}

/** What `upgrade_configs` says of one type of upgrade. */
export interface UpgradeData {
  /** Lower case: `websocket`, `connect`, … */
  readonly type: string;
  /** Off unless a route allows it. */
  readonly enabled: boolean;
  /** A chain of its own; null = the connection manager's. */
  readonly httpFilters: readonly HttpFilterData[] | null;
}

/** When lines are written beside the one at a stream's end. */
export interface AccessLogOptionsData {
  /** Between the lines of a stream that lives; 0 = none. */
  readonly flushIntervalMs: number;
  readonly onNewRequest: boolean;
  readonly onTunnelEstablished: boolean;
}

/** Envoy's `HttpConnectionManager`, checked, with its defaults filled in. Plain data. Times: 0 = off. */
export interface HcmData {
  readonly statPrefix: string;
  /** Name of the route table resource. */
  readonly routeTable: string;
  readonly httpFilters: readonly HttpFilterData[];
  readonly upgrades: readonly UpgradeData[];
  readonly accessLogs: readonly AccessLogData[];
  readonly accessLogOptions: AccessLogOptionsData;
  /** Null: the proxy's own replies go out as they are. */
  readonly localReplies: LocalReplyData | null;
  /** Null = no tracing. */
  readonly tracing: HcmTracingData | null;
  readonly serverName: string;
  readonly serverHeaderTransformation: "overwrite" | "appendIfAbsent" | "passThrough";
  readonly via: string;
  readonly useRemoteAddress: boolean;
  readonly skipXffAppend: boolean;
  readonly xffNumTrustedHops: number;
  /** How the client's address is learnt without `useRemoteAddress`. */
  readonly ipDetection: readonly IpDetectionData[];
  /** What is done to the headers of requests before all else. */
  readonly earlyMutations: readonly HeaderMutationsData[];
  /** Hosts that are told of clients' connections are told of those only that have come with a PROXY protocol header. */
  readonly hidesAddresses: boolean;
  /** The scheme that every request is taken to have; `""` = its own. */
  readonly scheme: "" | "http" | "https";
  /** What `add_user_agent` adds; null = nothing. */
  readonly userAgent: { readonly cluster: string; readonly node: string } | null;
  /** Ranges whose addresses are internal; none by default. */
  readonly internalCidrRanges: readonly CidrData[];
  /** Peers on Unix-domain sockets are internal. */
  readonly internalUnixSockets: boolean;
  readonly appendXForwardedPort: boolean;
  readonly clientCertificateHeader: ClientCertificateHeaderData;
  readonly generateRequestId: boolean;
  readonly preserveExternalRequestId: boolean;
  readonly alwaysSetRequestIdInResponse: boolean;
  readonly normalizePath: boolean;
  readonly mergeSlashes: boolean;
  readonly escapedSlashes: "keep" | "reject" | "unescapeAndRedirect" | "unescapeAndForward";
  readonly stripPort: "none" | "matching" | "any";
  readonly stripTrailingHostDot: boolean;
  readonly proxy100Continue: boolean;
  /** `auto`: as TLS has agreed, else by the first bytes. */
  readonly codec: "auto" | "http1" | "http2";
  readonly http2: Http2ProtocolData;
  /** Between the two GOAWAYs. Default 5 s. */
  readonly drainTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxConnectionDurationMs: number;
  readonly maxStreamDurationMs: number;
  readonly maxRequestsPerConnection: number;
  readonly maxHeadersCount: number;
  readonly maxRequestHeadersKb: number;
  readonly headersWithUnderscoresAction: HeadersWithUnderscoresAction;
  readonly streamIdleTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly requestHeadersTimeoutMs: number;
  readonly delayedCloseTimeoutMs: number;
  readonly acceptHttp10: boolean;
  /** For HTTP/1.0 requests without a host; `""` = they are refused. */
  readonly defaultHostForHttp10: string;
  readonly enableTrailers: boolean;
  /** Whether methods outside the registry are served. */
  readonly allowCustomMethods: boolean;
  /** How HTTP/1 writes the names of response headers, or that it keeps those of requests; null = lower case. */
  readonly keyFormat: KeyFormatData | null;
  readonly allowAbsoluteUrl: boolean;
}
