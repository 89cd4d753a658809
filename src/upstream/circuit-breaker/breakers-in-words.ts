import type { ClusterInfo } from "../cluster-info.ts";
import type { CircuitBreakers } from "./circuit-breaker.ts";

const WORDS: readonly (readonly [resource: keyof CircuitBreakers, words: string])[] = [
  ["connections", "connections"],
  ["pendingRequests", "pending requests"],
  ["requests", "requests"],
  ["retries", "retries"],
  ["connectionPools", "connection pools"],
];

/** The circuit breakers of a cluster that are at their limit: `1 of 1 connections, 1 of 1 pending requests`; `""` if none is. */
export function openBreakersInWords({ circuitBreakers }: ClusterInfo): string {
  const ofPriority = (priority: "default" | "high", suffix: string): string[] =>
    WORDS.flatMap(([resource, words]) => {
      const { count, max, canCreate } = circuitBreakers[priority][resource];
      return canCreate ? [] : `${count} of ${max} ${words}${suffix}`;
    });
  return [...ofPriority("default", ""), ...ofPriority("high", " of high priority")].join(", ");
}
