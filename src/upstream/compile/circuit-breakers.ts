import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import type {
  CircuitBreakers,
  CircuitBreakers_Thresholds,
  CircuitBreakers_Thresholds_RetryBudget,
} from "../../proto/gen/envoy/config/cluster/v3/circuit_breaker_pb.js";
import { RoutingPriority } from "../../proto/gen/envoy/config/core/v3/base_pb.js";
import type { ClusterData, RetryBudgetData, ThresholdsData } from "../cluster-data.ts";

/** Envoy's limits where nothing is configured. */
const DEFAULTS: ThresholdsData = {
  maxConnections: 1024,
  maxPendingRequests: 1024,
  maxRequests: 1024,
  maxRetries: 3,
  retryBudget: null,
  trackRemaining: false,
};

/** Compiles the thresholds of both priorities; of several for one priority the first counts, as in Envoy. */
export function compileCircuitBreakers(
  message: CircuitBreakers | undefined,
  place: Place,
  context: CompileContext,
): ClusterData["circuitBreakers"] {
  const found = new Map<RoutingPriority, ThresholdsData>();
  for (const [at, thresholds] of (message?.thresholds ?? []).entries()) {
    if (found.has(thresholds.priority)) {
      const priority = RoutingPriority[thresholds.priority];
      context.warning(
        place.field("thresholds").index(at),
        `there are thresholds for ${priority} above; these are unused`,
      );
    } else {
      found.set(thresholds.priority, compileThresholds(thresholds));
    }
  }
  return { default: found.get(RoutingPriority.DEFAULT) ?? DEFAULTS, high: found.get(RoutingPriority.HIGH) ?? DEFAULTS };
}

function compileThresholds(message: CircuitBreakers_Thresholds): ThresholdsData {
  return {
    maxConnections: message.maxConnections ?? DEFAULTS.maxConnections,
    maxPendingRequests: message.maxPendingRequests ?? DEFAULTS.maxPendingRequests,
    maxRequests: message.maxRequests ?? DEFAULTS.maxRequests,
    maxRetries: message.maxRetries ?? DEFAULTS.maxRetries,
    retryBudget: compileRetryBudget(message.retryBudget),
    trackRemaining: message.trackRemaining,
  };
}

function compileRetryBudget(message: CircuitBreakers_Thresholds_RetryBudget | undefined): RetryBudgetData | null {
  if (message === undefined) return null;
  return { budgetPercent: message.budgetPercent?.value ?? 20, minRetryConcurrency: message.minRetryConcurrency ?? 3 };
}
