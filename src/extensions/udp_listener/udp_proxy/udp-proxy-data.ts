import type { AccessLogData } from "../../../access-log/access-log-data.ts";

/** What a client's host is chosen by, beside the cluster's balancing: its address, or a key for all. Null: nothing. */
export type UdpHashPolicyData = { readonly type: "sourceIp" } | { readonly type: "key"; readonly key: string } | null;

/** Envoy's `UdpProxyConfig`, checked. Plain data. */
export interface UdpProxyData {
  readonly statPrefix: string;
  readonly cluster: string;
  /** A session ends when nothing has come from either side for so long. */
  readonly idleTimeoutMs: number;
  readonly hashPolicy: UdpHashPolicyData;
  /** Each datagram goes to a host of its own: a session is one of client and host. */
  readonly perPacket: boolean;
  /** Larger datagrams of hosts are dropped. */
  readonly maxUpstreamDatagramBytes: number;
  /** Each session that ended gets a line. */
  readonly accessLogs: readonly AccessLogData[];
}
