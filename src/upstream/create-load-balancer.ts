import { isDeepStrictEqual } from "node:util";
import type { Clock } from "../base/clock.ts";
import type { RandomSource } from "../base/random.ts";
import { BoundedLoad } from "../lb/hash/bounded-load.ts";
import type { TableBuilder } from "../lb/hash/build-table.ts";
import { HashLoadBalancer } from "../lb/hash/hash-load-balancer.ts";
import type { HashPicker, HashPickerFactory } from "../lb/hash/hash-picker.ts";
import { HashRing } from "../lb/hash/hash-ring.ts";
import { MaglevTable } from "../lb/hash/maglev-table.ts";
import { type MakePicker, tableFactory } from "../lb/hash/shared-table.ts";
import { LeastRequest } from "../lb/least-request.ts";
import type { HostPickerFactory, LoadBalancer } from "../lb/load-balancer.ts";
import { LocalityWeighted } from "../lb/locality-weighted.ts";
import { CONFIGURED_LOCALITY_WEIGHTS, type LocalityWeights } from "../lb/locality-weights.ts";
import { PriorityLoadBalancer, type PriorityLoadBalancerOptions } from "../lb/priority-load-balancer.ts";
import { RandomPick } from "../lb/random-pick.ts";
import { RoundRobin } from "../lb/round-robin.ts";
import { SlowStart } from "../lb/slow-start.ts";
import { SubsetLoadBalancer } from "../lb/subset-load-balancer.ts";
import { ZoneAware } from "../lb/zone-aware.ts";
import type { BalancingData, ClusterData, LoadBalancerData } from "./cluster-data.ts";
import type { ClusterLoadBalancerStats } from "./cluster-stats.ts";
import type { Host } from "./host.ts";

type HashingData = Extract<LoadBalancerData, { type: "ringHash" | "maglev" }>;

/** What a load balancer is made with, beside its settings. */
export interface BalancingEnvironment {
  readonly random: RandomSource;
  readonly clock: Clock;
  readonly stats: ClusterLoadBalancerStats;
  /** Builds big hash tables for all workers; null = each is built where it is used. */
  readonly tables: TableBuilder | null;
  /** The hosts of another cluster as they are now; none if there is no such cluster. For zone-aware routing. */
  hostsOf(cluster: string): readonly Host[];
}

/** Builds the load balancer that a cluster's settings describe, without hosts yet. */
export function createLoadBalancer(
  data: BalancingData & Pick<ClusterData, "priorityLoad">,
  environment: BalancingEnvironment,
): LoadBalancer<Host> {
  const { subsets, ...whole } = data;
  if (subsets === null) return createWhole(whole, environment, CONFIGURED_LOCALITY_WEIGHTS);
  const ignoresWeights = data.locality.type === "weighted" && !subsets.localityWeightAware;
  const part = ignoresWeights ? { ...whole, locality: { type: "none" } as const } : whole;
  return new SubsetLoadBalancer(subsets, environment.stats.subsets(), (weights) =>
    createWhole(part, environment, weights),
  );
}

function createWhole(
  data: Omit<BalancingData, "subsets"> & Pick<ClusterData, "priorityLoad">,
  environment: BalancingEnvironment,
  weights: LocalityWeights,
): LoadBalancer<Host> {
  const { random, stats } = environment;
  const { loadBalancer, locality, priorityLoad } = data;
  const common = { ...priorityLoad, random, healthyPanic: stats.healthyPanic };
  if (loadBalancer.type === "ringHash" || loadBalancer.type === "maglev") {
    const table = hashTables(loadBalancer, environment);
    return new HashLoadBalancer({ ...common, table, localityWeights: locality.type === "weighted" ? weights : null });
  }
  const slowStart = createSlowStart(loadBalancer, environment.clock);
  const picker = pickerFactory(loadBalancer, random, slowStart);
  return new PriorityLoadBalancer({
    ...common,
    picker,
    failTrafficOnPanic: locality.type === "zoneAware" && locality.failTrafficOnPanic,
    ...(slowStart !== null && { onUpdate: (hosts) => slowStart.update(hosts) }),
    ...spreadOver(data, picker, environment, weights),
  });
}

type Spread = Pick<PriorityLoadBalancerOptions<Host>, "spread">;

function spreadOver(
  { locality, priorityLoad }: Pick<ClusterData, "locality" | "priorityLoad">,
  picker: HostPickerFactory<Host>,
  { random, stats, hostsOf }: BalancingEnvironment,
  weights: LocalityWeights,
): Spread {
  if (locality.type === "weighted") {
    const factorPercent = priorityLoad.overprovisioningFactorPercent;
    return { spread: ({ all }, usable) => LocalityWeighted.of(all, usable, factorPercent, picker, random, weights) };
  }
  if (locality.type === "none" || locality.localCluster === "") return {};
  const settings = { ...locality, panicThresholdPercent: priorityLoad.panicThresholdPercent };
  const zones = { settings, picker, random, stats: stats.zoneAware() };
  return {
    spread: (level, usable, priority) =>
      priority === 0 && usable === level.healthy ? ZoneAware.of(level, hostsOf(locality.localCluster), zones) : null,
  };
}

/** Whether a load balancer made for one cluster does for the other. */
export function balancesAlike(one: ClusterData, other: ClusterData): boolean {
  const relevant = ({ loadBalancer, locality, subsets, priorityLoad }: ClusterData) => [
    loadBalancer,
    locality,
    subsets,
    priorityLoad,
  ];
  return isDeepStrictEqual(relevant(one), relevant(other));
}

function createSlowStart(settings: LoadBalancerData, clock: Clock): SlowStart<Host> | null {
  const slowStart = "slowStart" in settings ? settings.slowStart : null;
  return slowStart === null ? null : new SlowStart(slowStart, clock);
}

function pickerFactory(
  settings: Exclude<LoadBalancerData, HashingData>,
  random: RandomSource,
  slowStart: SlowStart<Host> | null,
): HostPickerFactory<Host> {
  switch (settings.type) {
    case "roundRobin":
      return (hosts) => new RoundRobin(hosts, random, slowStart);
    case "random":
      return (hosts) => new RandomPick(hosts, random);
    case "leastRequest":
      return (hosts) => new LeastRequest(hosts, random, settings, slowStart);
  }
}

function hashTables(
  settings: HashingData,
  { stats, tables }: Pick<BalancingEnvironment, "stats" | "tables">,
): HashPickerFactory<Host> {
  const plain = tableFactory(settings, pickerMaker(settings, stats), tables);
  const factorPercent = settings.balanceFactorPercent;
  if (factorPercent === 0) return plain;
  return (hosts, before): HashPicker<Host> => {
    const tableBefore = before instanceof BoundedLoad ? (before as BoundedLoad<Host>).table : null;
    return new BoundedLoad(plain(hosts, tableBefore), hosts, factorPercent);
  };
}

function pickerMaker(settings: HashingData, stats: ClusterLoadBalancerStats): MakePicker<Host> {
  const ringStats = settings.type === "ringHash" ? stats.ringHash() : null;
  const maglevStats = settings.type === "maglev" ? stats.maglev() : null;
  return (hosts, table) =>
    table.type === "maglev"
      ? new MaglevTable(hosts, table.entries, maglevStats!)
      : new HashRing(hosts, table.entries, ringStats!);
}
