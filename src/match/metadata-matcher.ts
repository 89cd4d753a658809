import { type MetadataPath, metadataAt, type NamespacedMetadata } from "./metadata-path.ts";
import { createValueMatcher, type ValueMatcher, type ValueMatcherData } from "./value-matcher.ts";

/** Envoy's `MetadataMatcher` as plain data; its `filter` is the namespace. */
export interface MetadataMatcherData extends MetadataPath {
  readonly value: ValueMatcherData;
  readonly invert: boolean;
}

/** Says yes or no to one value in metadata. Immutable. */
export class MetadataMatcher {
  readonly #at: MetadataPath;
  readonly #value: ValueMatcher;
  readonly #invert: boolean;

  /** `data` is checked already: throws on a bad regex. */
  constructor(data: MetadataMatcherData) {
    this.#at = data;
    this.#value = createValueMatcher(data.value);
    this.#invert = data.invert;
  }

  /** Null is no metadata at all. */
  matches(metadata: NamespacedMetadata | null): boolean {
    return this.#value(metadataAt(metadata, this.#at)) !== this.#invert;
  }
}
