/** A text that is equal for equal JSON values: the members of objects count in any order. */
export function metadataValueKey(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  return JSON.stringify(value, sortedMembers) ?? "null";
}

/** A text that is equal for the same keys with equal values. */
export function metadataKey(entries: readonly (readonly [key: string, value: unknown])[]): string {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([key, value]) => `${JSON.stringify(key)}:${metadataValueKey(value)}`).join(",");
}

function sortedMembers(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
