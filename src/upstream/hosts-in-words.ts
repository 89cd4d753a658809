import type { ClusterExplanation } from "./cluster-explanation.ts";

const FLAG_WORDS: readonly (readonly [flag: string, words: string])[] = [
  ["failed_outlier_check", "ejected by outlier detection"],
  ["active_hc_timeout", "whose health check timed out"],
  ["excluded_via_immediate_hc_fail", "that took themselves out of use"],
  ["failed_active_hc", "failing health checks"],
  ["pending_active_hc", "not checked yet"],
];

/**
 * How the hosts of a cluster stand, of which none could be chosen, in a few words: `3 hosts: 2 ejected by outlier detection, 1 failing health
 * checks`. `criteria`: the metadata that the request asked for, in words; `""` for none.
 */
export function hostsInWords(cluster: ClusterExplanation | null, criteria = ""): string {
  if (cluster === null) return "there is no such cluster";
  const { hostCount, hosts, healthy, degraded } = cluster;
  if (hostCount === 0)
    return cluster.discovery === "dynamic" ? "it has no hosts, for discovery has found none" : "it has no hosts";
  const counts = new Map<string, number>();
  for (const host of hosts) {
    if (host.health !== "unhealthy") continue;
    const words = FLAG_WORDS.find(([flag]) => host.flags.includes(flag))?.[1] ?? `${host.status} by discovery`;
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  const parts = [...counts].map(([words, count]) => `${count} ${words}`);
  if (degraded > 0) parts.push(`${degraded} degraded`);
  if (healthy > 0) parts.push(`${healthy} healthy${misfit(cluster, criteria)}`);
  return `${hostCount} ${hostCount === 1 ? "host" : "hosts"}: ${parts.join(", ")}`;
}

/** Why healthy hosts were not chosen. */
function misfit({ choosesBySubset }: ClusterExplanation, criteria: string): string {
  if (!choosesBySubset) return ", but none that this request may go to";
  return criteria === ""
    ? ", but none in the subset of requests without metadata"
    : `, but none in the subset that the request asks for (${criteria})`;
}
