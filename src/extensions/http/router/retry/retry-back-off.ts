import type { RandomSource } from "../../../../base/random.ts";
import type { ResponseHeaderMap } from "../../../../http/header-map.ts";
import type { RateLimitedBackOffData } from "../../../../route/retry-policy-data.ts";

/**
 * The wait that the first usable of the response's rate-limit headers asks for, undefined if none does. A wait longer than
 * the configured maximum counts as none. `wallMs` is the present time of day.
 */
export function rateLimitedIntervalMs(
  backOff: RateLimitedBackOffData,
  headers: ResponseHeaderMap,
  wallMs: number,
): number | undefined {
  for (const { name, format } of backOff.resetHeaders) {
    const text = headers.get(name);
    if (text === undefined || !/^\d{1,12}$/.test(text)) continue;
    const intervalMs = format === "seconds" ? Number(text) * 1000 : Number(text) * 1000 - wallMs;
    if (intervalMs > 1 && intervalMs <= backOff.maxIntervalMs) return intervalMs;
  }
  return undefined;
}

/** A wait of at least `intervalMs` and at most half as long again, so that not all clients come back at once. */
export function jitteredMs(intervalMs: number, random: RandomSource): number {
  return intervalMs + Math.floor(random.fraction() * (intervalMs / 2));
}
