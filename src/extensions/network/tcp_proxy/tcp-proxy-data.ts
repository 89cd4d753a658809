import type { AccessLogData } from "../../../access-log/access-log-data.ts";

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
  readonly maxConnectAttempts: number;
  readonly accessLogs: readonly AccessLogData[];
  readonly accessLogFlushIntervalMs: number;
  readonly flushAccessLogOnConnected: boolean;
}
