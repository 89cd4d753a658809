import { IpPrefixTable } from "../../match/ip-prefix-table.ts";
import type { ConnectionTraits, FilterChainMatchData, SourceType } from "./filter-chain-match.ts";

const NO_KEYS: readonly string[] = [];

/** One criterion's entries, on the way from the first criterion to the last. */
class Level<T> {
  /** By key: a port, a name, a range as `prefixKey` writes it. */
  byKey: Map<string | number, Level<T>> | null = null;
  /** The ranges of `byKey`, to be looked up by address. */
  byRange: IpPrefixTable<Level<T>> | null = null;
  /** Of chains that do not ask for the criterion. */
  any: Level<T> | null = null;
  /** Behind the last criterion. */
  chain: T | null = null;
}

/**
 * Filter chains by their conditions. Criterion by criterion in Envoy's order, the most specific entry is taken and the
 * others are left for good: a chain that fails a later criterion does not bring back one that an earlier criterion has passed
 * over. A look-up costs one map access for each criterion that any chain uses, however many chains there are; ranges cost one
 * for each prefix length, server names one for each label. Source: Envoy's `FilterChainManagerImpl`.
 */
export class FilterChainTable<T> {
  readonly #root = new Level<T>();
  #conditional = false;

  /** Whether any chain has conditions. If not, `find` needs no traits. */
  get isConditional(): boolean {
    return this.#conditional;
  }

  /**
   * Adds a chain; null is one without conditions. Returns the chain that takes some of the same connections already, in which case
   * this one is only partly there; null if none does.
   */
  add(match: FilterChainMatchData | null, chain: T): T | null {
    const keys = match === null ? [] : keysOf(match);
    if (keys.some((list) => list.length > 0)) this.#conditional = true;
    return insert(this.#root, keys, 0, chain);
  }

  /** The chain of connections with any traits; null if there is none. Only for tables without conditions. */
  get unconditional(): T | null {
    let level: Level<T> | null = this.#root;
    for (let depth = 0; depth < CRITERIA && level !== null; depth++) level = level.any;
    return level === null ? null : level.chain;
  }

  /** How `find` comes to its answer: the criteria that any of the chains still left has. */
  explain(traits: ConnectionTraits): { readonly steps: readonly ChainStep[]; readonly chain: T | null } {
    const steps: ChainStep[] = [];
    let level: Level<T> | null = this.#root;
    for (const { criterion, value, look } of LOOKS) {
      const at: Level<T> = level;
      level = look(at, traits);
      if (at.byKey !== null || level === null) steps.push(chainStep(criterion, value(traits), at, level));
      if (level === null) break;
    }
    return { steps, chain: level === null ? null : level.chain };
  }

  /** The chain that takes a connection; null if none does. */
  find(traits: ConnectionTraits): T | null {
    let level = byKey(this.#root, traits.destinationPort);
    level = byRange(level, traits.destinationIp);
    level = byServerName(level, traits.serverName);
    level = byKey(level, traits.transportProtocol);
    level = byFirstKey(level, traits.applicationProtocols);
    level = byRange(level, traits.directSourceIp);
    level = bySourceType(level, traits);
    level = byRange(level, traits.sourceIp);
    level = byKey(level, traits.sourcePort);
    return level === null ? null : level.chain;
  }
}

/** One criterion on the way to a filter chain. */
export interface ChainStep {
  /** As in `filter_chain_match`. */
  readonly criterion: string;
  /** What the connection has. */
  readonly value: string;
  /** What is asked for by the chains that are left; the first 50. */
  readonly asked: readonly string[];
  /** The entry that was taken; `any` for chains that do not ask; null: none, and no chain takes the connection. */
  readonly took: string | null;
}

/** Entries that a step names. */
const MAX_NAMED = 50;
const CRITERIA = 9;

/** The keys of each criterion, in order; no keys are any. */
function keysOf(match: FilterChainMatchData): (readonly (string | number)[])[] {
  return [
    match.destinationPort === null ? NO_KEYS : [match.destinationPort],
    match.destinationRanges.map(IpPrefixTable.canonical),
    match.serverNames,
    match.transportProtocol === "" ? NO_KEYS : [match.transportProtocol],
    match.applicationProtocols,
    match.directSourceRanges.map(IpPrefixTable.canonical),
    match.sourceType === null ? NO_KEYS : [match.sourceType],
    match.sourceRanges.map(IpPrefixTable.canonical),
    match.sourcePorts,
  ];
}

/** The places among the criteria that are address ranges. */
const RANGES: readonly boolean[] = [false, true, false, false, false, true, false, true, false];

function insert<T>(
  level: Level<T>,
  keys: readonly (readonly (string | number)[])[],
  depth: number,
  chain: T,
): T | null {
  if (depth === CRITERIA) {
    if (level.chain !== null && level.chain !== chain) return level.chain;
    level.chain = chain;
    return null;
  }
  const own = keys[depth] ?? NO_KEYS;
  if (own.length === 0) {
    level.any ??= new Level();
    return insert(level.any, keys, depth + 1, chain);
  }
  for (const key of own) {
    const clash = insert(below(level, key, RANGES[depth] === true), keys, depth + 1, chain);
    if (clash !== null) return clash;
  }
  return null;
}

function below<T>(level: Level<T>, key: string | number, isRange: boolean): Level<T> {
  level.byKey ??= new Map();
  let next = level.byKey.get(key);
  if (next !== undefined) return next;
  next = new Level();
  level.byKey.set(key, next);
  if (isRange) {
    level.byRange ??= new IpPrefixTable();
    const [address = "", length] = String(key).split("/");
    level.byRange.add({ address, prefixLength: Number(length) }, next);
  }
  return next;
}

function byKey<T>(level: Level<T> | null, key: string | number): Level<T> | null {
  if (level === null || level.byKey === null) return level === null ? null : level.any;
  return level.byKey.get(key) ?? level.any;
}

function byRange<T>(level: Level<T> | null, ip: string): Level<T> | null {
  if (level === null || level.byRange === null) return level === null ? null : level.any;
  return level.byRange.lookup(ip) ?? level.any;
}

/** The name itself, then ever shorter ends of it as wildcards. A name that begins with a dot is none: it would be taken for a wildcard. */
function byServerName<T>(level: Level<T> | null, name: string): Level<T> | null {
  if (level === null || level.byKey === null || name === "" || name.startsWith(".")) {
    return level === null ? null : level.any;
  }
  const exact = level.byKey.get(name);
  if (exact !== undefined) return exact;
  for (let dot = name.indexOf(".", 1); dot !== -1 && dot < name.length - 1; dot = name.indexOf(".", dot + 1)) {
    const wildcard = level.byKey.get(name.slice(dot));
    if (wildcard !== undefined) return wildcard;
  }
  return level.any;
}

/** The first of the client's protocols that any chain knows. */
function byFirstKey<T>(level: Level<T> | null, keys: readonly string[]): Level<T> | null {
  if (level === null || level.byKey === null) return level === null ? null : level.any;
  for (const key of keys) {
    const found = level.byKey.get(key);
    if (found !== undefined) return found;
  }
  return level.any;
}

function bySourceType<T>(level: Level<T> | null, traits: ConnectionTraits): Level<T> | null {
  if (level === null || level.byKey === null) return level === null ? null : level.any;
  const type: SourceType = isLocal(traits) ? "sameIpOrLoopback" : "external";
  return level.byKey.get(type) ?? level.any;
}

/** Whether the peer is on this machine: it has the address that it connected to, a loopback address, or none at all. */
function isLocal({ sourceIp, destinationIp }: ConnectionTraits): boolean {
  return sourceIp === destinationIp || sourceIp.startsWith("127.") || sourceIp === "::1";
}

/** The look-ups of `find`, in its order, for `explain`. */
const LOOKS: readonly {
  readonly criterion: string;
  readonly value: (traits: ConnectionTraits) => string;
  readonly look: <T>(level: Level<T> | null, traits: ConnectionTraits) => Level<T> | null;
}[] = [
  {
    criterion: "destination_port",
    value: ({ destinationPort }) => String(destinationPort),
    look: (level, { destinationPort }) => byKey(level, destinationPort),
  },
  {
    criterion: "prefix_ranges",
    value: ({ destinationIp }) => destinationIp,
    look: (level, { destinationIp }) => byRange(level, destinationIp),
  },
  {
    criterion: "server_names",
    value: ({ serverName }) => serverName,
    look: (level, { serverName }) => byServerName(level, serverName),
  },
  {
    criterion: "transport_protocol",
    value: ({ transportProtocol }) => transportProtocol,
    look: (level, { transportProtocol }) => byKey(level, transportProtocol),
  },
  {
    criterion: "application_protocols",
    value: ({ applicationProtocols }) => applicationProtocols.join(","),
    look: (level, { applicationProtocols }) => byFirstKey(level, applicationProtocols),
  },
  {
    criterion: "direct_source_prefix_ranges",
    value: ({ directSourceIp }) => directSourceIp,
    look: (level, { directSourceIp }) => byRange(level, directSourceIp),
  },
  {
    criterion: "source_type",
    value: (traits) => (isLocal(traits) ? "SAME_IP_OR_LOOPBACK" : "EXTERNAL"),
    look: bySourceType,
  },
  {
    criterion: "source_prefix_ranges",
    value: ({ sourceIp }) => sourceIp,
    look: (level, { sourceIp }) => byRange(level, sourceIp),
  },
  {
    criterion: "source_ports",
    value: ({ sourcePort }) => String(sourcePort),
    look: (level, { sourcePort }) => byKey(level, sourcePort),
  },
];

function chainStep<T>(criterion: string, value: string, at: Level<T>, next: Level<T> | null): ChainStep {
  const entries = [...(at.byKey ?? [])];
  const asked = entries.slice(0, MAX_NAMED).map(([key]) => String(key));
  const taken = entries.find(([, level]) => level === next);
  const took = next === null ? null : taken === undefined ? "any" : String(taken[0]);
  return { criterion, value, asked, took };
}
