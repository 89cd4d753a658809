import type { RandomSource } from "../base/random.ts";
import { BoundedLoad } from "../lb/bounded-load.ts";
import { HashLoadBalancer } from "../lb/hash-load-balancer.ts";
import type { HashPicker, HashPickerFactory } from "../lb/hash-picker.ts";
import { HashRing } from "../lb/hash-ring.ts";
import { LeastRequest } from "../lb/least-request.ts";
import type { HostPickerFactory, LoadBalancer } from "../lb/load-balancer.ts";
import { MaglevTable } from "../lb/maglev-table.ts";
import { PriorityLoadBalancer } from "../lb/priority-load-balancer.ts";
import { RandomPick } from "../lb/random-pick.ts";
import { RoundRobin } from "../lb/round-robin.ts";
import type { ClusterData, LoadBalancerData } from "./cluster-data.ts";
import type { ClusterLoadBalancerStats } from "./cluster-stats.ts";
import type { Host } from "./host.ts";

type HashingData = Extract<LoadBalancerData, { type: "ringHash" | "maglev" }>;

/** What of a cluster decides how hosts are picked. */
export type BalancingData = Pick<ClusterData, "loadBalancer" | "priorityLoad">;

/** Builds the load balancer that a cluster's settings describe, without hosts yet. */
export function createLoadBalancer(
  data: BalancingData,
  random: RandomSource,
  stats: ClusterLoadBalancerStats,
): LoadBalancer<Host> {
  const { healthyPanic } = stats;
  const settings = data.loadBalancer;
  if (settings.type === "ringHash" || settings.type === "maglev") {
    const { byLocality } = settings;
    return new HashLoadBalancer({
      ...data.priorityLoad,
      table: tableFactory(settings, stats),
      byLocality,
      random,
      healthyPanic,
    });
  }
  return new PriorityLoadBalancer({
    ...data.priorityLoad,
    picker: pickerFactory(settings, random),
    random,
    healthyPanic,
  });
}

function pickerFactory(
  settings: Exclude<LoadBalancerData, HashingData>,
  random: RandomSource,
): HostPickerFactory<Host> {
  switch (settings.type) {
    case "roundRobin":
      return (hosts) => new RoundRobin(hosts, random);
    case "random":
      return (hosts) => new RandomPick(hosts, random);
    case "leastRequest":
      return (hosts) => new LeastRequest(hosts, random, settings);
  }
}

function tableFactory(settings: HashingData, stats: ClusterLoadBalancerStats): HashPickerFactory<Host> {
  const plain = plainTableFactory(settings, stats);
  const factorPercent = settings.balanceFactorPercent;
  if (factorPercent === 0) return plain;
  return (hosts): HashPicker<Host> => new BoundedLoad(plain(hosts), hosts, factorPercent);
}

function plainTableFactory(settings: HashingData, stats: ClusterLoadBalancerStats): HashPickerFactory<Host> {
  if (settings.type === "maglev") {
    const maglevStats = stats.maglev();
    return (hosts) => new MaglevTable(hosts, settings.table, maglevStats);
  }
  const ringStats = stats.ringHash();
  return (hosts) => new HashRing(hosts, settings.ring, ringStats);
}
