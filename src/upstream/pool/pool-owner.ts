import type { ClusterInfo } from "../cluster-info.ts";
import type { Host } from "../host.ts";
import type { ConnectionWishes } from "./connection-wishes.ts";
import type { ClusterConnectivity } from "./preconnect.ts";

/** Whose settings the pools of a host follow, and who wants to know when one has drained. */
export interface HostPoolsOwner {
  readonly info: ClusterInfo;
  readonly connectivity: ClusterConnectivity;
  /**
   * A pool of this host has lost its last connection and has nobody waiting: an HTTP pool, draining or not, or a TCP pool that drains. Told
   * again if it is used after that.
   */
  onPoolDrained(host: Host): void;
}

/** The same for one HTTP pool. */
export interface PoolOwner extends HostPoolsOwner {
  /** What the pool's connections are to be like; null = nothing in particular. */
  readonly wishes: ConnectionWishes | null;
}
