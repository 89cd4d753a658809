/** Metadata by namespace: JSON values. */
export type NamespacedMetadata = ReadonlyMap<string, Readonly<Record<string, unknown>>>;

/** Envoy's `MetadataKey` as plain data: where a value stands in metadata. */
export interface MetadataPath {
  readonly namespace: string;
  /** Keys that lead to the value; at least one. */
  readonly path: readonly string[];
}

/** The value at a path; undefined if there is none. Null is no metadata at all. */
export function metadataAt(metadata: NamespacedMetadata | null, { namespace, path }: MetadataPath): unknown {
  let value: unknown = metadata?.get(namespace);
  for (const key of path) {
    const inside = typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, key);
    value = inside ? (value as Record<string, unknown>)[key] : undefined;
  }
  return value;
}
