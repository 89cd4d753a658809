import type { LbHost } from "./lb-host.ts";
import type { LoadBalancerContext } from "./load-balancer-context.ts";

/** Picks among the hosts of one cluster, on one worker. */
export interface LoadBalancer<H extends LbHost> {
  /** Null if no host may be used. Allocates nothing. */
  chooseHost(context: LoadBalancerContext): H | null;
  /**
   * The host that one of the next picks will answer, each time another one; null if that can't be said, or was said for as many picks as there
   * are healthy hosts. Absent: it can never be said.
   */
  peekAnotherHost?(): H | null;
  /** Takes the hosts anew, after any of them came, went, or changed its weight, health, priority or locality. */
  update(hosts: readonly H[]): void;
}

/** Picks from one fixed list of hosts; the part of a policy that knows nothing of health and priorities. */
export interface HostPicker<H extends LbHost> {
  /** Null if the list is empty. */
  pick(context: LoadBalancerContext): H | null;
  /** What the pick after those that were peeked at will answer; null if that can't be said. Absent: it can never be said. */
  peek?(): H | null;
}

/** Makes the picker of a policy for a list of hosts. The list is not changed afterwards; weights are read now. */
export type HostPickerFactory<H extends LbHost> = (hosts: readonly H[]) => HostPicker<H>;
