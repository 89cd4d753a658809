import { isDeepStrictEqual } from "node:util";
import { type FilterChainData, type ListenerData, socketKeys } from "./listener-data.ts";

/**
 * What a listener's new data means for its connections. `same`: nothing at all. `update`: only what new connections
 * get is different; those of `removedChains` drain. `replace`: it is another listener by the same name; all drain.
 */
export interface ListenerDifference {
  readonly type: "same" | "update" | "replace";
  /** Old chains whose connections drain. A changed chain is removed and added. */
  readonly removedChains: readonly FilterChainData[];
  /** New chains that no connection has used. */
  readonly addedChains: readonly FilterChainData[];
  /** Whether other sockets are needed. */
  readonly socketsChange: boolean;
}

/** All chains of a listener; the default chain is the last one. */
function allChains(data: ListenerData): FilterChainData[] {
  return data.defaultChain === null ? [...data.chains] : [...data.chains, data.defaultChain];
}

/** Compares two versions of a listener. Pure; the main thread uses it for the dry run, workers when they update. */
export function compareListeners(before: ListenerData, after: ListenerData): ListenerDifference {
  const socketsChange = !isDeepStrictEqual(socketKeys(before), socketKeys(after));
  // Filters know these of their listener: a change reaches them only when they are made anew.
  const replaced =
    socketsChange ||
    before.name !== after.name ||
    before.statPrefix !== after.statPrefix ||
    !isDeepStrictEqual(before.accessLogs, after.accessLogs) ||
    !isDeepStrictEqual(before.listenerFilters, after.listenerFilters) ||
    before.trafficDirection !== after.trafficDirection;
  if (replaced) {
    return { type: "replace", removedChains: allChains(before), addedChains: allChains(after), socketsChange };
  }
  const removedChains = allChains(before);
  const addedChains = allChains(after).filter((chain) => {
    const same = removedChains.findIndex((other) => isDeepStrictEqual(other, chain));
    if (same !== -1) removedChains.splice(same, 1);
    return same === -1;
  });
  const type = isDeepStrictEqual(before, after) ? "same" : "update";
  return { type, removedChains, addedChains, socketsChange };
}
