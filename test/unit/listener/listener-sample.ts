import type { CompiledExtension } from "../../../src/config/compile-context.ts";
import type { FilterChainMatchData } from "../../../src/listener/filter-chain/filter-chain-match.ts";
import type { FilterChainData, ListenerData, ListenerFilterData } from "../../../src/listener/listener-data.ts";

/** A filter as configuration would compile it. */
export function filterSample(extension: string, data: unknown = null): CompiledExtension {
  return { name: extension, extension, data, terminal: true };
}

/** A listener filter as configuration would compile it. */
export function listenerFilterSample(
  extension: string,
  data: unknown = null,
  disabled: ListenerFilterData["disabled"] = null,
): ListenerFilterData {
  return { filter: { name: extension, extension, data }, disabled };
}

/** A chain with one filter; `data` tells versions apart. */
export function chainSample(
  name: string,
  data: unknown = null,
  match: FilterChainMatchData | null = null,
): FilterChainData {
  const filters = [filterSample("echo", data)];
  return { name, match, filters, transportSocket: null, transportSocketConnectTimeoutMs: 0 };
}

/** A listener on a free loopback port with one echo chain, but for what the test says. */
export function listenerSample(name: string, changes: Partial<ListenerData> = {}): ListenerData {
  return {
    name,
    statPrefix: name,
    addresses: [{ address: { type: "ip", ip: "127.0.0.1", port: 0 }, ipv6Only: false }],
    bindToPort: true,
    useOriginalDst: false,
    backlog: 1024,
    reusePort: true,
    balance: "reusePort",
    bufferLimitBytes: 1024 * 1024,
    drainType: "default",
    trafficDirection: "unspecified",
    ignoreGlobalConnectionLimit: false,
    bypassOverloadManager: false,
    accessLogs: [],
    listenerFilters: [],
    listenerFiltersTimeoutMs: 15_000,
    continueOnListenerFiltersTimeout: false,
    udp: null,
    chains: [chainSample("chain")],
    defaultChain: null,
    ...changes,
  };
}

/** Conditions that all connections meet, but for what the test says. */
export function matchSample(changes: Partial<FilterChainMatchData> = {}): FilterChainMatchData {
  return {
    destinationPort: null,
    destinationRanges: [],
    serverNames: [],
    transportProtocol: "",
    applicationProtocols: [],
    directSourceRanges: [],
    sourceType: null,
    sourceRanges: [],
    sourcePorts: [],
    ...changes,
  };
}
