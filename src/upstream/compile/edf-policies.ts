import type { CompileContext } from "../../config/compile-context.ts";
import { durationMs } from "../../config/duration-ms.ts";
import type { Place } from "../../config/place.ts";
import type { SlowStartSettings } from "../../lb/slow-start.ts";
import type { Cluster_SlowStartConfig } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import type { RuntimeDouble } from "../../proto/gen/envoy/config/core/v3/base_pb.js";
import type { SlowStartConfig } from "../../proto/gen/envoy/extensions/load_balancing_policies/common/v3/common_pb.js";
import type { LoadBalancerData } from "../cluster-data.ts";

/** Compiles `slow_start_config`; null if it is off. `place` is that of the message which holds it. */
export function compileSlowStart(
  message: SlowStartConfig | Cluster_SlowStartConfig | undefined,
  place: Place,
  context: CompileContext,
): SlowStartSettings | null {
  const windowMs = durationMs(message?.slowStartWindow, 0);
  if (message === undefined || windowMs === 0) return null;
  const aggression = message.aggression?.defaultValue ?? 1;
  if (aggression <= 0) {
    const at = place.field("slow_start_config").field("aggression");
    context.error(at, "the aggression must be above 0", "1 lets weights grow evenly");
  }
  return { windowMs, aggression, minWeightPercent: message.minWeightPercent?.value ?? 10 };
}

/** What of both forms of `LEAST_REQUEST` settings is the same. */
interface LeastRequestMessage {
  readonly choiceCount?: number | undefined;
  readonly activeRequestBias?: RuntimeDouble | undefined;
  readonly slowStartConfig?: SlowStartConfig | Cluster_SlowStartConfig | undefined;
}

/** Compiles the settings of `LEAST_REQUEST`; undefined = all defaults. `place` is the message's. */
export function compileLeastRequest(
  message: LeastRequestMessage | undefined,
  fullScan: boolean,
  place: Place,
  context: CompileContext,
): LoadBalancerData {
  const activeRequestBias = message?.activeRequestBias?.defaultValue ?? 1;
  if (activeRequestBias < 0) {
    const at = place.field("active_request_bias");
    context.error(at, "the bias can't be negative", "0 ignores active requests, 1 is the default");
  }
  return {
    type: "leastRequest",
    choiceCount: message?.choiceCount ?? 2,
    activeRequestBias,
    fullScan,
    slowStart: compileSlowStart(message?.slowStartConfig, place, context),
  };
}
