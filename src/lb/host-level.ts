import type { LbHost } from "./lb-host.ts";

/** The hosts of one priority, each list in the order of the cluster. */
export interface HostLevel<H extends LbHost> {
  readonly all: readonly H[];
  readonly healthy: readonly H[];
  readonly degraded: readonly H[];
  /** Those of `all` that do not count; see `LbHost`. */
  readonly excluded: readonly H[];
}

/** Sorts hosts by priority and health. At least one level, each up to the highest priority there is. */
export function hostLevels<H extends LbHost>(hosts: readonly H[]): HostLevel<H>[] {
  let count = 1;
  for (const host of hosts) count = Math.max(count, host.priority + 1);
  const levels = Array.from({ length: count }, () => emptyLevel<H>());
  for (const host of hosts) {
    const level = levels[host.priority]!;
    level.all.push(host);
    if (host.excluded) level.excluded.push(host);
    if (host.health === "healthy") level.healthy.push(host);
    else if (host.health === "degraded") level.degraded.push(host);
  }
  return levels;
}

function emptyLevel<H extends LbHost>(): Record<keyof HostLevel<H>, H[]> {
  return { all: [], healthy: [], degraded: [], excluded: [] };
}
