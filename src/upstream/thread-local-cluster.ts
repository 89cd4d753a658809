import type { Protocol } from "../http/codec.ts";
import type { LoadBalancerContext } from "../lb/load-balancer-context.ts";
import type { ResourcePriority } from "./circuit-breaker/circuit-breaker.ts";
import type { DropOverloadData } from "./cluster-data.ts";
import type { ClusterInfo } from "./cluster-info.ts";
import type { Host } from "./host.ts";
import type { OutlierReports } from "./outlier/outlier-reports.ts";
import type { ConnectionWishes } from "./pool/connection-wishes.ts";
import type { HttpConnPool } from "./pool/http-conn-pool.ts";
import type { TcpConnPool } from "./pool/tcp-conn-pool.ts";

/** How many hosts a cluster has, and how many of them are of use. */
export interface HostCounts {
  readonly total: number;
  readonly healthy: number;
  readonly degraded: number;
}

/**
 * One cluster on one worker: hosts, load balancer and pools. Made on first use. A stream may keep it while it lives,
 * also when the cluster is changed or removed meanwhile. Source: Envoy's `Upstream::ThreadLocalCluster`.
 */
export interface ThreadLocalCluster {
  /** Replaced as a whole when the cluster's configuration changes: ask anew for each request, keep it for that request. */
  readonly info: ClusterInfo;
  /** Whether a host that was chosen still belongs to the cluster. */
  hasHost(host: Host): boolean;
  /** Null = no healthy upstream; `upstream_cx_none_healthy` is counted here. Allocates nothing. */
  chooseHost(context: LoadBalancerContext): Host | null;
  /**
   * The worker's pool of this host, made on first use. `host` must come from `chooseHost` of the same cluster. `downstream`: what the
   * client speaks, for clusters that follow it. `wishes`: see `connectionWishes`.
   */
  httpPool(
    host: Host,
    priority: ResourcePriority,
    downstream: Protocol | "",
    wishes?: ConnectionWishes | null,
  ): HttpConnPool;
  /** The same for plain TCP connections; of default priority unless it is said. */
  tcpPool(host: Host, priority?: ResourcePriority): TcpConnPool;
  readonly hostCounts: HostCounts;
  /** Requests that the cluster is not to get, because its endpoints are overloaded; null = none. */
  readonly dropOverload: DropOverloadData | null;
  /** The host has said in an answer that it fails its health checks. Without active checks this changes nothing. */
  failHost(host: Host): void;
  /** Where to tell what becomes of requests to a host; null without outlier detection. Ask anew for each request. */
  outlierOf(host: Host): OutlierReports | null;
}

/** Finds clusters by name. What filters get of the cluster manager. */
export interface ClusterDirectory {
  /** Undefined = no such cluster (`NC`). Instantiates the cluster on first use. */
  get(name: string): ThreadLocalCluster | undefined;
}
