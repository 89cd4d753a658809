import type { Clock } from "../../../base/clock.ts";
import type { RandomSource } from "../../../base/random.ts";
import type { Runtime } from "../../../runtime/runtime.ts";
import type { ClusterDirectory } from "../../../upstream/thread-local-cluster.ts";
import type { RouterStats } from "./stats.ts";

/** Envoy's `Router` message, checked. Plain data. */
export interface RouterData {
  /** Leaves out the `x-envoy-` headers that the router would add. */
  readonly suppressEnvoyHeaders: boolean;
}

/** What all routers of one filter chain on one worker share. */
export interface RouterRuntime {
  readonly data: RouterData;
  readonly stats: RouterStats;
  readonly clusters: ClusterDirectory;
  readonly clock: Clock;
  readonly random: RandomSource;
  /** What the runtime layers say. */
  readonly settings: Runtime;
}
