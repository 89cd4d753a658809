import type { RateLimitEntry } from "../../../route/rate-limit-policy.ts";

/** A text that two descriptors have in common only if their entries are the same, in the same order. */
export function descriptorKey(entries: readonly RateLimitEntry[]): string {
  let text = "";
  for (const { key, value } of entries) text += `${key.length}:${key}${value.length}:${value}`;
  return text;
}
