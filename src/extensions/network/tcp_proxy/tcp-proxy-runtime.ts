import type { AccessLog } from "../../../access-log/access-log.ts";
import type { Clock } from "../../../base/clock.ts";
import type { RandomSource } from "../../../base/random.ts";
import type { TimerWheel } from "../../../base/timer-wheel.ts";
import type { FailedRequests } from "../../../http/failed-requests.ts";
import type { ClusterDirectory } from "../../../upstream/thread-local-cluster.ts";
import type { TcpProxyStats } from "./stats.ts";
import type { TcpProxyData } from "./tcp-proxy-data.ts";
import type { TunnelRequest } from "./tunnel-request.ts";

/** What all connections of one configured TCP proxy on one worker share. */
export interface TcpProxyRuntime {
  readonly data: TcpProxyData;
  readonly stats: TcpProxyStats;
  /** Makes the request of a tunnel; null: plain TCP. */
  readonly tunnel: TunnelRequest | null;
  readonly accessLogs: readonly AccessLog[];
  readonly clusters: ClusterDirectory;
  /** Null: failed connections are not remembered. */
  readonly failures: FailedRequests | null;
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly random: RandomSource;
}
