import type { ClusterExplanation } from "./cluster-explanation.ts";

const FLAG_WORDS: readonly (readonly [flag: string, words: string])[] = [
  ["failed_outlier_check", "ejected by outlier detection"],
  ["active_hc_timeout", "whose health check timed out"],
  ["excluded_via_immediate_hc_fail", "that took themselves out of use"],
  ["failed_active_hc", "failing health checks"],
  ["pending_active_hc", "not checked yet"],
];

/** How the hosts of a cluster stand, in a few words: `3 hosts: 2 ejected by outlier detection, 1 failing health checks`. */
export function hostsInWords(cluster: ClusterExplanation | null): string {
  if (cluster === null) return "there is no such cluster";
  const { hostCount, hosts, healthy, degraded } = cluster;
  if (hostCount === 0) return "it has no hosts";
  const counts = new Map<string, number>();
  for (const host of hosts) {
    if (host.health !== "unhealthy") continue;
    const words = FLAG_WORDS.find(([flag]) => host.flags.includes(flag))?.[1] ?? `${host.status} by discovery`;
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  const parts = [...counts].map(([words, count]) => `${count} ${words}`);
  if (degraded > 0) parts.push(`${degraded} degraded`);
  if (healthy > 0) parts.push(`${healthy} healthy`);
  return `${hostCount} ${hostCount === 1 ? "host" : "hosts"}: ${parts.join(", ")}`;
}
