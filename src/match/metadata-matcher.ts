import { createValueMatcher, type ValueMatcher, type ValueMatcherData } from "./value-matcher.ts";

/** Envoy's `MetadataMatcher` as plain data. */
export interface MetadataMatcherData {
  /** The namespace (`filter`). */
  readonly namespace: string;
  /** Keys that lead to the value; at least one. */
  readonly path: readonly string[];
  readonly value: ValueMatcherData;
  readonly invert: boolean;
}

/** Metadata by namespace: JSON values. */
export type MatchedMetadata = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/** Says yes or no to one value in metadata. Immutable. */
export class MetadataMatcher {
  readonly #namespace: string;
  readonly #path: readonly string[];
  readonly #value: ValueMatcher;
  readonly #invert: boolean;

  /** `data` is checked already: throws on a bad regex. */
  constructor(data: MetadataMatcherData) {
    this.#namespace = data.namespace;
    this.#path = data.path;
    this.#value = createValueMatcher(data.value);
    this.#invert = data.invert;
  }

  /** Null is no metadata at all. */
  matches(metadata: MatchedMetadata | null): boolean {
    let value: unknown = metadata?.get(this.#namespace);
    for (const key of this.#path) {
      const inside = typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, key);
      value = inside ? (value as Record<string, unknown>)[key] : undefined;
    }
    return this.#value(value) !== this.#invert;
  }
}
