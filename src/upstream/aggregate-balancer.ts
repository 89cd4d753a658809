import type { RandomSource } from "../base/random.ts";
import { hostLevels } from "../lb/host-level.ts";
import type { LoadBalancer } from "../lb/load-balancer.ts";
import type { LoadBalancerContext } from "../lb/load-balancer-context.ts";
import {
  levelHealth,
  NO_LOAD,
  type PriorityHealth,
  type PriorityLoad,
  type PriorityLoadSettings,
  priorityLoad,
} from "../lb/priority-load.ts";
import { OnePriority, OnePriorityContext } from "./aggregate-context.ts";
import type { Host } from "./host.ts";
import type { ThreadLocalCluster } from "./thread-local-cluster.ts";

/** A cluster whose hosts an aggregate cluster uses. */
export interface AggregateMember extends ThreadLocalCluster {
  /** In a list that does not change. */
  readonly hosts: readonly Host[];
  /** How the health of its priorities is worked out. */
  readonly priorityLoad: PriorityLoadSettings;
  /** `chooseHost` without the wishes for certain hosts and without counting. */
  pick(context: LoadBalancerContext): Host | null;
}

/** What an aggregate cluster balances with. */
export interface AggregateBalancerOptions {
  readonly random: RandomSource;
  /** The names of the clusters as they are now, in the order of their priority. */
  clusters(): readonly string[];
  /** Of the aggregate cluster, as it is now. */
  panicThresholdPercent(): number;
  /** Null if there is no such cluster, or if it is an aggregate cluster itself. */
  memberOf(cluster: string): AggregateMember | null;
}

/** One priority of one of the clusters. */
interface AggregateLevel {
  readonly member: AggregateMember;
  readonly healthy: OnePriority;
  readonly degraded: OnePriority;
}

/**
 * Makes one list of the priorities of several clusters, those of the first cluster first; chooses one of them by health, as among the priorities of one
 * cluster, and lets its cluster pick the host. Priorities without hosts are left out. Clusters with tables of hashes choose among their own priorities
 * themselves. `retry_priority` has no effect. Source: Envoy's `AggregateClusterLoadBalancer`.
 */
export class AggregateBalancer implements LoadBalancer<Host> {
  readonly #options: AggregateBalancerOptions;
  readonly #context = new OnePriorityContext();
  /** Of the hosts that were picked: their pools are there. */
  readonly #owners = new WeakMap<Host, AggregateMember>();
  #members: readonly AggregateMember[] = [];
  #levels: readonly AggregateLevel[] = [];
  #load: PriorityLoad = NO_LOAD;

  constructor(options: AggregateBalancerOptions) {
    this.#options = options;
  }

  /** Takes the clusters and their hosts anew. */
  update(): void {
    const members: AggregateMember[] = [];
    const levels: AggregateLevel[] = [];
    const healths: PriorityHealth[] = [];
    for (const name of this.#options.clusters()) {
      const member = this.#options.memberOf(name);
      if (member === null) continue;
      members.push(member);
      const { overprovisioningFactorPercent } = member.priorityLoad;
      for (const [priority, level] of hostLevels(member.hosts).entries()) {
        if (level.all.length === 0) continue;
        levels.push({ member, healthy: new OnePriority(priority, false), degraded: new OnePriority(priority, true) });
        healths.push({ ...levelHealth(level, member.priorityLoad), overprovisioningFactorPercent });
      }
    }
    const panicThresholdPercent = this.#options.panicThresholdPercent();
    this.#members = members;
    this.#levels = levels;
    // Each priority has the factor of its own cluster.
    const settings = { panicThresholdPercent, overprovisioningFactorPercent: 100 };
    this.#load = levels.length === 0 ? NO_LOAD : priorityLoad(healths, settings);
  }

  chooseHost(context: LoadBalancerContext): Host | null {
    const levels = this.#levels;
    const { healthyPercent, degradedPercent } = this.#load;
    let left = this.#options.random.uint32() % 100;
    for (let at = 0; at < levels.length; at++) {
      left -= healthyPercent[at]!;
      if (left < 0) return this.#pick(levels[at]!.member, levels[at]!.healthy, context);
    }
    for (let at = 0; at < levels.length; at++) {
      left -= degradedPercent[at]!;
      if (left < 0) return this.#pick(levels[at]!.member, levels[at]!.degraded, context);
    }
    return null;
  }

  /** The cluster that a host was picked from; undefined if it was not picked here. */
  ownerOf(host: Host): AggregateMember | undefined {
    return this.#owners.get(host);
  }

  /** Whether the host still belongs to one of the clusters. */
  hasHost(host: Host): boolean {
    const owner = this.#owners.get(host);
    return owner !== undefined && this.#members.includes(owner) && owner.hasHost(host);
  }

  #pick(member: AggregateMember, priority: OnePriority, context: LoadBalancerContext): Host | null {
    const host = this.#context.during(priority, context, member);
    if (host !== null && this.#owners.get(host) !== member) this.#owners.set(host, member);
    return host;
  }
}
