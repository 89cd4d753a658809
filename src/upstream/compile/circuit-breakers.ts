import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import type {
  CircuitBreakers,
  CircuitBreakers_Thresholds,
  CircuitBreakers_Thresholds_RetryBudget,
} from "../../proto/gen/envoy/config/cluster/v3/circuit_breaker_pb.js";
import { type Cluster, Cluster_DiscoveryType } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import { RoutingPriority } from "../../proto/gen/envoy/config/core/v3/base_pb.js";
import {
  type ClusterData,
  type HostConnectionLimitsData,
  type RetryBudgetData,
  type ThresholdsData,
  UNLIMITED,
} from "../cluster-data.ts";

/** Envoy's limits where nothing is configured. */
const DEFAULTS: ThresholdsData = {
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxRequests: 1024,
  maxRetries: 3,
  retryBudget: null,
  maxConnectionPools: UNLIMITED,
  trackRemaining: false,
};

/** Compiles the thresholds of both priorities; of several for one priority the first counts, as in Envoy. */
export function compileCircuitBreakers(
  message: CircuitBreakers | undefined,
  place: Place,
  context: CompileContext,
): ClusterData["circuitBreakers"] {
  const found = byPriority(message?.thresholds ?? [], place.field("thresholds"), context);
  return {
    default: compileThresholds(found.get(RoutingPriority.DEFAULT)),
    high: compileThresholds(found.get(RoutingPriority.HIGH)),
  };
}

/** Compiles `per_host_thresholds`; null if they limit nothing. */
export function compileHostConnectionLimits(
  message: Cluster,
  place: Place,
  context: CompileContext,
): HostConnectionLimitsData | null {
  const at = place.field("per_host_thresholds");
  const found = byPriority(message.circuitBreakers?.perHostThresholds ?? [], at, context);
  const type = message.clusterDiscoveryType;
  if (found.size > 0 && type.case === "type" && type.value === Cluster_DiscoveryType.ORIGINAL_DST) {
    context.error(at, "an ORIGINAL_DST cluster has no limits for single hosts: each worker makes its own hosts");
  }
  const limitOf = (priority: RoutingPriority): number => found.get(priority)?.maxConnections ?? UNLIMITED;
  const limits = { default: limitOf(RoutingPriority.DEFAULT), high: limitOf(RoutingPriority.HIGH) };
  return limits.default === UNLIMITED && limits.high === UNLIMITED ? null : limits;
}

function byPriority(
  all: readonly CircuitBreakers_Thresholds[],
  place: Place,
  context: CompileContext,
): ReadonlyMap<RoutingPriority, CircuitBreakers_Thresholds> {
  const found = new Map<RoutingPriority, CircuitBreakers_Thresholds>();
  for (const [at, thresholds] of all.entries()) {
    const priority = RoutingPriority[thresholds.priority];
    if (!found.has(thresholds.priority)) found.set(thresholds.priority, thresholds);
    else context.warning(place.index(at), `there are thresholds for ${priority} above; these are unused`);
  }
  return found;
}

function compileThresholds(message: CircuitBreakers_Thresholds | undefined): ThresholdsData {
  if (message === undefined) return DEFAULTS;
  return {
    maxConnections: message.maxConnections ?? DEFAULTS.maxConnections,
    maxPendingRequests: message.maxPendingRequests ?? DEFAULTS.maxPendingRequests,
    maxRequests: message.maxRequests ?? DEFAULTS.maxRequests,
    maxRetries: message.maxRetries ?? DEFAULTS.maxRetries,
    retryBudget: compileRetryBudget(message.retryBudget),
    maxConnectionPools: message.maxConnectionPools ?? DEFAULTS.maxConnectionPools,
    trackRemaining: message.trackRemaining,
  };
}

function compileRetryBudget(message: CircuitBreakers_Thresholds_RetryBudget | undefined): RetryBudgetData | null {
  if (message === undefined) return null;
  return { budgetPercent: message.budgetPercent?.value ?? 20, minRetryConcurrency: message.minRetryConcurrency ?? 3 };
}
