import type { RandomSource } from "../../base/random.ts";
import type { HealthCheckData } from "./health-check-data.ts";

/** Whether a check changed the host's health: not at all, not yet (a threshold is being counted to), or now. */
export type HealthTransition = "unchanged" | "changePending" | "changed";

/** How long to wait for the next check after one that came to `healthy`. Source: Envoy's `HealthCheckerImplBase::interval`. */
export function checkIntervalMs(
  data: HealthCheckData,
  healthy: boolean,
  transition: HealthTransition,
  hasTraffic: boolean,
  random: RandomSource,
): number {
  return withJitter(data, baseIntervalMs(data, healthy, transition, hasTraffic), data.intervalJitterMs, random);
}

/** How long to wait before a host's first check; 0 = not at all. */
export function initialDelayMs(data: HealthCheckData, random: RandomSource): number {
  return data.initialJitterMs === 0 ? 0 : withJitter(data, 0, data.initialJitterMs, random);
}

function baseIntervalMs(
  data: HealthCheckData,
  healthy: boolean,
  transition: HealthTransition,
  hasTraffic: boolean,
): number {
  const pending = transition === "changePending";
  if (!hasTraffic) return healthy && !pending ? data.noTrafficHealthyIntervalMs : data.noTrafficIntervalMs;
  if (healthy) return pending ? data.healthyEdgeIntervalMs : data.intervalMs;
  return pending ? data.unhealthyEdgeIntervalMs : data.unhealthyIntervalMs;
}

function withJitter(data: HealthCheckData, baseMs: number, jitterMs: number, random: RandomSource): number {
  const percentMs = Math.floor((data.intervalJitterPercent * baseMs) / 100);
  let ms = baseMs;
  if (percentMs > 0) ms += random.uint32() % percentMs;
  if (jitterMs > 0) ms += random.uint32() % Math.ceil(jitterMs);
  return Math.max(1, ms);
}
