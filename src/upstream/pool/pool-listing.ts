import type { Host } from "../host.ts";

/** One pool of connections of a worker to a host, as people see it. Plain data. */
export interface PoolRow {
  readonly cluster: string;
  readonly host: string;
  /** `HTTP`: the host has yet to say which one. */
  readonly protocol: "HTTP" | "HTTP/1" | "HTTP/2" | "TCP";
  readonly priority: "default" | "high";
  /** `draining`: of a host or cluster that is gone, has failed its checks, or of a worker that leaves. */
  readonly state: "live" | "draining";
  /** Open connections, by what they do. */
  readonly connecting: number;
  readonly active: number;
  readonly idle: number;
  /** Requests on them. */
  readonly activeRequests: number;
  /** Requests that wait for a connection. */
  readonly pending: number;
  /** These are of the host on this worker, all of its pools together. */
  readonly connectionsTotal: number;
  readonly requestsTotal: number;
  /** Requests per connection so far; 0 before the first. */
  readonly reuse: number;
  readonly connectFailures: number;
  readonly requestErrors: number;
  readonly requestTimeouts: number;
}

/** What a pool tells of its connections. */
export interface PoolUse {
  readonly protocol: PoolRow["protocol"];
  readonly priority: PoolRow["priority"];
  readonly draining: boolean;
  readonly connecting: number;
  readonly active: number;
  readonly idle: number;
  readonly activeRequests: number;
  readonly pending: number;
}

/** The row of one pool of a host. */
export function poolRow(cluster: string, { addressText, stats }: Host, use: PoolUse): PoolRow {
  const { draining, ...counts } = use;
  return {
    ...counts,
    cluster,
    host: addressText,
    state: draining ? "draining" : "live",
    connectionsTotal: stats.cxTotal,
    requestsTotal: stats.rqTotal,
    reuse: stats.cxTotal === 0 ? 0 : stats.rqTotal / stats.cxTotal,
    connectFailures: stats.cxConnectFail,
    requestErrors: stats.rqError,
    requestTimeouts: stats.rqTimeout,
  };
}
