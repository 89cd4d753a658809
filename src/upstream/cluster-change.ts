import { isDeepStrictEqual } from "node:util";
import type { ClusterData } from "./cluster-data.ts";

/** Whether the connections of a cluster do not fit its new settings. `Differs from Envoy:` there, any change means new ones. */
export function needsNewConnections(before: ClusterData, after: ClusterData): boolean {
  return (
    before.observabilityName !== after.observabilityName ||
    !isDeepStrictEqual(before.originalDst, after.originalDst) ||
    (before.aggregate === null) !== (after.aggregate === null) ||
    !isDeepStrictEqual(before.connectionSettings, after.connectionSettings) ||
    before.circuitBreakers.default.trackRemaining !== after.circuitBreakers.default.trackRemaining ||
    before.circuitBreakers.high.trackRemaining !== after.circuitBreakers.high.trackRemaining
  );
}
