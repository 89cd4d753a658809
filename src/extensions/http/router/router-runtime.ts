import type { AccessLogData } from "../../../access-log/access-log-data.ts";
import type { Clock } from "../../../base/clock.ts";
import type { RandomSource } from "../../../base/random.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import type { ClusterDirectory } from "../../../upstream/thread-local-cluster.ts";
import type { UpstreamLogs } from "./attempt-log.ts";
import type { RequestScopes } from "./request-scopes.ts";
import type { RouterStats } from "./stats.ts";

/** Envoy's `Router` message, checked. Plain data. */
export interface RouterData {
  /** Leaves out the `x-envoy-` headers that the router would add. */
  readonly suppressEnvoyHeaders: boolean;
  /** Count responses by status and time. */
  readonly dynamicStats: boolean;
  /** Do not count responses to gRPC requests by status. */
  readonly suppressGrpcCodeStats: boolean;
  /** `x-envoy-expected-rq-timeout-ms` of a request is its timeout. */
  readonly respectsExpectedTimeout: boolean;
  /** Names of headers; a request in which one of them is malformed is refused. */
  readonly strictHeaders: readonly string[];
  /** Where the proxy itself is (`node.locality.zone`); `""` = unknown. */
  readonly zone: string;
  /** Each attempt has a span of its own, whatever the connection manager says. */
  readonly startChildSpan: boolean;
  /** What gets a line for each attempt. */
  readonly upstreamLogs: readonly AccessLogData[];
  readonly upstreamLogOptions: Omit<UpstreamLogs, "logs">;
}

/** What all routers of one filter chain on one worker share. */
export interface RouterRuntime {
  readonly data: RouterData;
  readonly stats: RouterStats;
  readonly scopes: RequestScopes;
  /** Null if attempts are not logged. */
  readonly upstreamLogs: UpstreamLogs | null;
  readonly clusters: ClusterDirectory;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** What the runtime layers say. */
  readonly settings: Runtime;
}
