import type { AccessLogData } from "../../../access-log/access-log-data.ts";
import type { FormatProgram } from "../../../http/format/format-program.ts";
import type { HeaderMutationsData } from "../../../route/header-mutations.ts";

/** One cluster that connections go to. */
export interface TcpClusterData {
  readonly name: string;
  readonly weight: number;
  /** Endpoint metadata (`envoy.lb`) that a host must carry; null = any host. */
  readonly metadataMatch: Readonly<Record<string, unknown>> | null;
}

/** What the load balancer hashes; null is nothing. */
export type TcpHashPolicyData =
  | { readonly type: "sourceIp" }
  | { readonly type: "filterState"; readonly key: string }
  | null;

/** How bytes travel inside an HTTP request. */
export interface TunnelData {
  /** `host:port` for CONNECT, or the host of a POST. */
  readonly hostname: FormatProgram;
  readonly method: "CONNECT" | "POST";
  /** Of a POST. */
  readonly path: string;
  readonly headers: HeaderMutationsData;
  /** What the host answers is kept in the connection's filter state. */
  readonly keepsResponseHeaders: boolean;
  readonly keepsResponseTrailers: boolean;
}

/** Envoy's `TcpProxy`, checked, with its defaults filled in. Plain data. Times: 0 = off. */
export interface TcpProxyData {
  readonly statPrefix: string;
  /** At least one; a single `cluster` has all the weight. */
  readonly clusters: readonly TcpClusterData[];
  readonly hashPolicy: TcpHashPolicyData;
  /** `metadata_match` of the filter itself, for a cluster that another filter chose. */
  readonly metadataMatch: Readonly<Record<string, unknown>> | null;
  readonly idleTimeoutMs: number;
  readonly maxDownstreamConnectionDurationMs: number;
  /** How much longer than that a connection may last, by chance. */
  readonly maxDurationJitterPercent: number;
  readonly maxConnectAttempts: number;
  /** Waits between attempts to connect; null = none. */
  readonly backOff: { readonly baseMs: number; readonly maxMs: number } | null;
  /** Null: plain TCP. */
  readonly tunnel: TunnelData | null;
  readonly accessLogs: readonly AccessLogData[];
  readonly accessLogFlushIntervalMs: number;
  readonly flushAccessLogOnConnected: boolean;
}
