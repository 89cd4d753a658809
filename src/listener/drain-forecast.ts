import { isDeepStrictEqual } from "node:util";
import type { ActiveListener } from "./active-listener.ts";
import type { ActiveFilterChain } from "./filter-chain/active-filter-chain.ts";
import type { ListenerChanges } from "./listener-changes.ts";
import { compareListeners } from "./listener-difference.ts";

/** A filter chain whose connections would drain, and how many it has on this worker. */
export interface DrainForecast {
  readonly listener: string;
  readonly filterChain: string;
  readonly connections: number;
}

/** What a change of listeners would do to the connections of this worker. Chains without connections are left out. */
export function drainForecast(
  listeners: ReadonlyMap<string, ActiveListener>,
  changes: ListenerChanges,
): DrainForecast[] {
  const found: DrainForecast[] = [];
  for (const name of changes.removals) {
    for (const chain of listeners.get(name)?.currentChains() ?? []) add(found, name, chain);
  }
  for (const after of changes.upserts) {
    const listener = listeners.get(after.name);
    if (listener === undefined) continue;
    const { removedChains } = compareListeners(listener.data, after);
    for (const chain of listener.currentChains()) {
      if (removedChains.some((data) => isDeepStrictEqual(data, chain.data))) add(found, after.name, chain);
    }
  }
  return found;
}

function add(found: DrainForecast[], listener: string, chain: ActiveFilterChain): void {
  if (chain.connections.size === 0) return;
  found.push({ listener, filterChain: chain.data.name, connections: chain.connections.size });
}
