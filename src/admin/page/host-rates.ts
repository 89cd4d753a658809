import { useRef } from "preact/hooks";
import type { ClusterState } from "./traffic-model.ts";

/** Requests per second of each host, by the address in its JSON, from two answers of `/clusters` after one another. */
export function hostRates(
  before: readonly ClusterState[],
  after: readonly ClusterState[],
  overMs: number,
): ReadonlyMap<string, number> {
  const totals = totalsOf(before);
  const rates = new Map<string, number>();
  if (overMs <= 0) return rates;
  for (const [host, total] of totalsOf(after)) {
    const then = totals.get(host) ?? 0;
    rates.set(host, ((total < then ? total : total - then) * 1000) / overMs);
  }
  return rates;
}

/** What a host is found by. */
export function hostKey(cluster: string, address: unknown): string {
  return `${cluster} ${JSON.stringify(address)}`;
}

function totalsOf(clusters: readonly ClusterState[]): Map<string, number> {
  const totals = new Map<string, number>();
  for (const { name, host_statuses: hosts = [] } of clusters) {
    for (const { address, stats = [] } of hosts) {
      const total = stats.find((stat) => stat.name === "rq_total")?.value ?? "0";
      totals.set(hostKey(name, address), Number(total));
    }
  }
  return totals;
}

/** The rates between the last two different answers that the component was drawn with. */
export function useHostRates(clusters: readonly ClusterState[] | undefined): ReadonlyMap<string, number> {
  const state = useRef<
    { clusters: readonly ClusterState[]; atMs: number; rates: ReadonlyMap<string, number> } | undefined
  >(undefined);
  const known = state.current;
  if (clusters !== undefined && known?.clusters !== clusters) {
    const atMs = performance.now();
    const rates =
      known === undefined ? new Map<string, number>() : hostRates(known.clusters, clusters, atMs - known.atMs);
    state.current = { clusters, atMs, rates };
  }
  return state.current?.rates ?? new Map();
}
