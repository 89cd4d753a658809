import type { HostLevel } from "./host-level.ts";
import type { LbHost } from "./lb-host.ts";

/** How many hosts of one priority can be used. */
export interface PriorityHealth {
  /** All hosts. */
  readonly total: number;
  readonly healthy: number;
  readonly degraded: number;
  /** Hosts that count as if they were not there; see `LbHost`. Default 0. */
  readonly excluded?: number;
  /** The same, without excluded hosts, in weights, if hosts are to count by theirs; a panic is judged by hosts alone. */
  readonly weights?: { readonly total: number; readonly healthy: number; readonly degraded: number };
  /** In place of the settings' factor, where priorities come from several clusters. */
  readonly overprovisioningFactorPercent?: number;
}

/** How traffic spreads over the priorities, by index. The healthy and degraded percentages add up to 100 together. */
export interface PriorityLoad {
  readonly healthyPercent: readonly number[];
  readonly degradedPercent: readonly number[];
  /** How much of all traffic, in percent, the healthy hosts of each priority could bear, overprovisioned; the same of degraded ones. */
  readonly healthyAvailable: readonly number[];
  readonly degradedAvailable: readonly number[];
  /** Priorities so unhealthy that all their hosts are used as if they were healthy. */
  readonly panic: readonly boolean[];
}

/** The load before there are any hosts. */
export const NO_LOAD: PriorityLoad = {
  healthyPercent: [],
  degradedPercent: [],
  healthyAvailable: [],
  degradedAvailable: [],
  panic: [],
};

/** Settings of `priorityLoad`. */
export interface PriorityLoadSettings {
  /** A priority whose usable hosts are fewer than this panics. 0 = never. Default 50. */
  readonly panicThresholdPercent: number;
  /** Up to which share of lost hosts a priority still takes all of its traffic. Default 140. */
  readonly overprovisioningFactorPercent: number;
  /** Let a host count by its weight when the health of a priority is worked out (`weighted_priority_health`). Default false. */
  readonly weightedPriorityHealth?: boolean;
}

/**
 * Spreads traffic over priorities: each takes as much as its healthy hosts, overprovisioned, can bear; what is left goes to the
 * next, first by healthy, then by degraded hosts. `priorities` must not be empty.
 * Source: Envoy's `LoadBalancerBase::recalculatePerPriorityState` and `recalculatePerPriorityPanic`.
 */
export function priorityLoad(priorities: readonly PriorityHealth[], settings: PriorityLoadSettings): PriorityLoad {
  const factorsPercent = priorities.map(
    (p) => p.overprovisioningFactorPercent ?? settings.overprovisioningFactorPercent,
  );
  const shares = priorities.map((p) => p.weights ?? { ...p, total: countedTotal(p) });
  const healthy = shares.map((p, at) => availability(p.healthy, p.total, factorsPercent[at]!));
  const degraded = shares.map((p, at) => availability(p.degraded, p.total, factorsPercent[at]!));
  const availabilities = { healthyAvailable: healthy, degradedAvailable: degraded };
  const available = Math.min(100, sum(healthy) + sum(degraded));
  const threshold = Math.min(100, settings.panicThresholdPercent);
  const panic = priorities.map((p) => available < 100 && usablePercent(p) < threshold);

  if (panic.every((isPanic) => isPanic)) return { panic, ...availabilities, ...byHostCount(priorities) };
  // No panic, yet nobody to send to: the first level answers that there is no host.
  const spread = spreadAvailability(healthy, degraded) ?? onlyFirst(priorities.length);
  return { panic, ...availabilities, ...spread };
}

/** The shares of traffic of each priority. */
type Spread = Pick<PriorityLoad, "healthyPercent" | "degradedPercent">;

/** Shares by how much each priority can bear, lowest numbers first, healthy hosts before degraded ones; null if none can bear anything. */
export function spreadAvailability(healthy: readonly number[], degraded: readonly number[]): Spread | null {
  const available = Math.min(100, sum(healthy) + sum(degraded));
  if (available === 0) return null;
  const healthyPercent: number[] = [];
  const degradedPercent: number[] = [];
  let left = takeShares(healthy, available, 100, healthyPercent);
  left = takeShares(degraded, available, left, degradedPercent);
  // Rounding down leaves some; the first priority that takes anything gets it.
  const firstHealthy = healthyPercent.findIndex((percent) => percent > 0);
  if (firstHealthy !== -1) healthyPercent[firstHealthy]! += left;
  else degradedPercent[degradedPercent.findIndex((percent) => percent > 0)]! += left;
  return { healthyPercent, degradedPercent };
}

/** `priorityLoad` of hosts that are sorted already. */
export function levelLoad(levels: readonly HostLevel<LbHost>[], settings: PriorityLoadSettings): PriorityLoad {
  return priorityLoad(
    levels.map((level) => levelHealth(level, settings)),
    settings,
  );
}

/** How many hosts of one priority can be used. */
export function levelHealth(
  { all, healthy, degraded, excluded }: HostLevel<LbHost>,
  { weightedPriorityHealth = false }: Pick<PriorityLoadSettings, "weightedPriorityHealth">,
): PriorityHealth {
  const counts = { total: all.length, healthy: healthy.length, degraded: degraded.length, excluded: excluded.length };
  if (!weightedPriorityHealth) return counts;
  const total = totalWeight(all) - totalWeight(excluded);
  const weights = { total, healthy: totalWeight(healthy), degraded: totalWeight(degraded) };
  return { ...counts, weights };
}

function totalWeight(hosts: readonly LbHost[]): number {
  let total = 0;
  for (const host of hosts) total += host.weight;
  return total;
}

function availability(usable: number, total: number, factorPercent: number): number {
  return total === 0 ? 0 : Math.min(100, Math.floor((factorPercent * usable) / total));
}

function usablePercent(priority: PriorityHealth): number {
  const total = countedTotal(priority);
  return total === 0 ? 0 : (100 * (priority.healthy + priority.degraded)) / total;
}

function countedTotal({ total, excluded = 0 }: PriorityHealth): number {
  return total - excluded;
}

function takeShares(availabilities: readonly number[], available: number, left: number, shares: number[]): number {
  let rest = left;
  for (const own of availabilities) {
    const share = Math.min(rest, Math.floor((own * 100) / available));
    shares.push(share);
    rest -= share;
  }
  return rest;
}

function onlyFirst(count: number): Spread {
  const none = new Array<number>(count).fill(0);
  return { healthyPercent: none.with(0, 100), degradedPercent: none };
}

/** All priorities panic: each gets what its number of hosts is worth. */
function byHostCount(priorities: readonly PriorityHealth[]): Spread {
  const total = sum(priorities.map((p) => p.total));
  if (total === 0) return onlyFirst(priorities.length);
  const healthyPercent = priorities.map((p) => Math.floor((100 * p.total) / total));
  healthyPercent[priorities.findIndex((p) => p.total > 0)]! += 100 - sum(healthyPercent);
  return { healthyPercent, degradedPercent: priorities.map(() => 0) };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
