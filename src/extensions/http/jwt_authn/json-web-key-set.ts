/** More is not read. */
export const LARGEST_JWKS_BYTES: number = 1 << 20;

/** The keys of a JSON Web Key Set (RFC 7517); null if the text is none. */
export function parseJwks(text: string): Record<string, unknown>[] | null {
  let set: unknown;
  try {
    set = JSON.parse(text);
  } catch {
    return null;
  }
  const keys = typeof set === "object" && set !== null ? (set as { keys?: unknown }).keys : undefined;
  const isObject = (key: unknown): boolean => typeof key === "object" && key !== null && !Array.isArray(key);
  return Array.isArray(keys) && keys.every(isObject) ? (keys as Record<string, unknown>[]) : null;
}
