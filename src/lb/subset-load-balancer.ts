import type { Counter, Gauge } from "../stats/scope.ts";
import type { LbHost } from "./lb-host.ts";
import type { LoadBalancer } from "./load-balancer.ts";
import type { LoadBalancerContext } from "./load-balancer-context.ts";
import {
  CONFIGURED_LOCALITY_WEIGHTS,
  LocalitySizes,
  type LocalityWeights,
  ScaledLocalityWeights,
} from "./locality-weights.ts";
import { metadataKey } from "./metadata-value.ts";
import { carries, subsetIndex } from "./subset-index.ts";
import type { SubsetSelector, SubsetSettings } from "./subset-settings.ts";

/** `lb_subsets_*`, without the prefix. */
export interface SubsetStats {
  readonly active: Gauge;
  readonly created: Counter;
  readonly removed: Counter;
  readonly selected: Counter;
  readonly fallback: Counter;
  readonly fallbackPanic: Counter;
  readonly singleHostDuplicate: Gauge;
}

type Criteria = Readonly<Record<string, unknown>>;

/** Some of the cluster's hosts and their load balancer, which is made when first needed. */
interface Part<H extends LbHost> {
  readonly hosts: readonly H[];
  /** What its balancer goes by; null = the weights as they are configured. */
  readonly scaledWeights: ScaledLocalityWeights | null;
  balancer: LoadBalancer<H> | null;
}

/** Where the requests of some criteria go; `fallback` is the cluster's own. */
type Target<H extends LbHost> = { readonly part: Part<H> | null; readonly selected: boolean } | "fallback";

/**
 * Picks among the hosts whose metadata is what the request asks for. Each subset has a load balancer of its own.
 * Source: Envoy's `SubsetLoadBalancer`.
 */
export class SubsetLoadBalancer<H extends LbHost> implements LoadBalancer<H> {
  readonly #settings: SubsetSettings;
  readonly #stats: SubsetStats;
  readonly #create: (localityWeights: LocalityWeights) => LoadBalancer<H>;
  readonly #selectors = new Map<string, SubsetSelector>();
  #subsets = new Map<string, Part<H>>();
  #any: Part<H> = { hosts: [], scaledWeights: null, balancer: null };
  #default: Part<H> = { hosts: [], scaledWeights: null, balancer: null };
  /** Routes ask for the same criteria, the very same object, again and again. */
  #targets = new WeakMap<Criteria, Target<H>>();

  /** `create` makes a load balancer without hosts that goes by these weights of localities, if it goes by any. */
  constructor(
    settings: SubsetSettings,
    stats: SubsetStats,
    create: (localityWeights: LocalityWeights) => LoadBalancer<H>,
  ) {
    this.#settings = settings;
    this.#stats = stats;
    this.#create = create;
    for (const selector of settings.selectors) {
      const key = keysKey(selector.keys);
      if (!this.#selectors.has(key)) this.#selectors.set(key, selector);
    }
  }

  update(hosts: readonly H[]): void {
    const { defaultSubset, listAsAny, scaleLocalityWeight } = this.#settings;
    const { subsets, duplicates } = subsetIndex(hosts, this.#settings);
    const before = this.#subsets;
    this.#subsets = new Map();
    const sizes = scaleLocalityWeight ? new LocalitySizes(hosts) : null;
    for (const [key, subset] of subsets) this.#subsets.set(key, renewed(before.get(key), subset, sizes));
    this.#any = renewed(this.#any, { hosts, singleHost: false }, sizes);
    const isDefault = (host: H): boolean => carries(host, defaultSubset, listAsAny);
    this.#default = renewed(this.#default, { hosts: hosts.filter(isDefault), singleHost: false }, sizes);
    this.#targets = new WeakMap();
    for (const key of subsets.keys()) if (!before.has(key)) this.#stats.created.inc();
    for (const key of before.keys()) if (!subsets.has(key)) this.#stats.removed.inc();
    this.#stats.active.set(subsets.size);
    this.#stats.singleHostDuplicate.set(duplicates);
  }

  chooseHost(context: LoadBalancerContext): H | null {
    const criteria = context.metadataMatch;
    if (criteria === null) return this.#chooseFallback(context);
    const list = this.#settings.metadataFallbackList ? criteria.fallback_list : undefined;
    if (!Array.isArray(list)) return this.#chooseBy(criteria, context);
    const { fallback_list: _, ...rest } = criteria;
    if (list.length === 0) return this.#chooseBy(rest, context);
    for (const more of list) {
      const host = this.#chooseBy({ ...rest, ...(more as object) }, context);
      if (host !== null) return host;
    }
    return null;
  }

  #chooseBy(criteria: Criteria, context: LoadBalancerContext): H | null {
    let target = this.#targets.get(criteria);
    if (target === undefined) {
      target = this.#find(this.#settings.allowRedundantKeys ? this.#withoutRedundant(criteria) : criteria);
      this.#targets.set(criteria, target);
    }
    if (target === "fallback") return this.#chooseFallback(context);
    if (target.selected) this.#stats.selected.inc();
    return target.part === null ? null : this.#chooseFrom(target.part, context);
  }

  #find(criteria: Criteria): Target<H> {
    const part = this.#subsets.get(metadataKey(Object.entries(criteria)));
    if (part !== undefined) return { part, selected: true };
    const selector = this.#selectors.get(keysKey(Object.keys(criteria)));
    switch (selector?.fallback) {
      case "none":
        return { part: null, selected: false };
      case "anyEndpoint":
        return { part: this.#any, selected: false };
      case "defaultSubset":
        return { part: this.#default, selected: false };
      case "keysSubset":
        return this.#find(only(criteria, selector.fallbackKeys));
      default:
        return "fallback";
    }
  }

  /** What the first selector asks for all of whose keys there are; all if there is none. */
  #withoutRedundant(criteria: Criteria): Criteria {
    const selector = this.#settings.selectors.find(({ keys }) => keys.every((key) => Object.hasOwn(criteria, key)));
    return selector === undefined ? criteria : only(criteria, selector.keys);
  }

  #chooseFallback(context: LoadBalancerContext): H | null {
    const { fallback, panicModeAny } = this.#settings;
    if (fallback === "none") return null;
    const host = this.#chooseFrom(fallback === "anyEndpoint" ? this.#any : this.#default, context);
    if (host !== null) {
      this.#stats.fallback.inc();
      return host;
    }
    const other = panicModeAny ? this.#chooseFrom(this.#any, context) : null;
    if (other !== null) this.#stats.fallbackPanic.inc();
    return other;
  }

  #chooseFrom(part: Part<H>, context: LoadBalancerContext): H | null {
    if (part.balancer === null) {
      part.balancer = this.#create(part.scaledWeights ?? CONFIGURED_LOCALITY_WEIGHTS);
      part.balancer.update(part.hosts);
    }
    return part.balancer.chooseHost(context);
  }
}

/**
 * The part as it is after an update: its load balancer, if it has one, goes on with the new hosts. `sizes` are those of the whole cluster's localities;
 * null = weights are not scaled.
 */
function renewed<H extends LbHost>(
  before: Part<H> | undefined,
  { hosts, singleHost }: { readonly hosts: readonly H[]; readonly singleHost: boolean },
  sizes: LocalitySizes | null,
): Part<H> {
  if (singleHost) {
    return { hosts, scaledWeights: null, balancer: { chooseHost: () => hosts[0] ?? null, update: () => {} } };
  }
  const balancer = before?.balancer ?? null;
  const scaledWeights = sizes === null ? null : (before?.scaledWeights ?? new ScaledLocalityWeights());
  if (sizes !== null) scaledWeights?.update(sizes, new LocalitySizes(hosts));
  balancer?.update(hosts);
  return { hosts, scaledWeights, balancer };
}

function keysKey(keys: readonly string[]): string {
  return JSON.stringify([...keys].sort());
}

function only(criteria: Criteria, keys: readonly string[]): Criteria {
  return Object.fromEntries(Object.entries(criteria).filter(([key]) => keys.includes(key)));
}
