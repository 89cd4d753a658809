/** Settings of `RING_HASH`. Plain data. */
export interface HashRingSettings {
  /** Default 1,024. */
  readonly minRingSize: number;
  /** Default 8,388,608, which is also the most there may be. */
  readonly maxRingSize: number;
  readonly hashFunction: "xxHash" | "murmurHash2";
  readonly useHostname: boolean;
}

/** Settings of `MAGLEV`. Plain data. */
export interface MaglevSettings {
  /** A prime number up to 5,000,011. Default 65,537. */
  readonly tableSize: number;
  readonly useHostname: boolean;
}

/** A policy that picks by a table. Plain data. */
export type TablePolicy =
  | { readonly type: "ringHash"; readonly ring: HashRingSettings }
  | { readonly type: "maglev"; readonly table: MaglevSettings };
