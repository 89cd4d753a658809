/** What becomes of a request whose subset has no hosts. */
export type SubsetFallback = "none" | "anyEndpoint" | "defaultSubset";

/** One of the `subset_selectors`: hosts that carry all the keys are sorted by their values. Plain data. */
export interface SubsetSelector {
  /** Not empty. */
  readonly keys: readonly string[];
  /** `notDefined`: the cluster's fallback holds. `keysSubset`: look again by `fallbackKeys` alone. */
  readonly fallback: SubsetFallback | "notDefined" | "keysSubset";
  /** Fewer keys than `keys`, all of them among those. */
  readonly fallbackKeys: readonly string[];
  /** Each value belongs to one host only, which is taken whatever its health. */
  readonly singleHost: boolean;
}

/** Settings of subset load balancing. Plain data. */
export interface SubsetSettings {
  readonly fallback: SubsetFallback;
  /** Metadata that the hosts of the default subset carry. */
  readonly defaultSubset: Readonly<Record<string, unknown>>;
  readonly selectors: readonly SubsetSelector[];
  /** Keys of the request that no selector knows are left out. */
  readonly allowRedundantKeys: boolean;
  /** Weights of localities hold within subsets, too. */
  readonly localityWeightAware: boolean;
  /** Those weights are scaled by the share of each locality's hosts that is in the subset. Nothing comes of it unless they hold. */
  readonly scaleLocalityWeight: boolean;
  /** Use any host if the fallback has none. */
  readonly panicModeAny: boolean;
  /** A list in a host's metadata stands for each of its values. */
  readonly listAsAny: boolean;
  /** The request's `fallback_list` names further metadata to try one after the other. */
  readonly metadataFallbackList: boolean;
}
