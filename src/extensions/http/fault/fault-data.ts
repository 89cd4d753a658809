import type { HeaderMatcherData } from "../../../match/header-matcher.ts";
import type { FractionData } from "../../../route/route-table-data.ts";
import type { RuntimeNumberData } from "../../../runtime/runtime.ts";

/** Envoy's `HTTPFault`, checked: of a filter or of a route. Plain data. */
export interface FaultData {
  readonly delay: FaultDelayData | null;
  readonly abort: FaultAbortData | null;
  readonly rateLimit: FaultRateLimitData | null;
  /** `""` = any. */
  readonly upstreamCluster: string;
  readonly headers: readonly HeaderMatcherData[];
  /** Values of `x-envoy-downstream-service-node`; empty = any. */
  readonly downstreamNodes: readonly string[];
  /** Value -1 = any number. */
  readonly maxActiveFaults: RuntimeNumberData;
  /** Whether faults are also counted by `x-envoy-downstream-service-cluster`. */
  readonly countsByDownstreamCluster: boolean;
  /** Metadata of requests that got a fault; null if there is none. */
  readonly metadata: Readonly<Record<string, unknown>> | null;
  /** Name of the `sharedCount` resource of the filter; `""` for a route, whose faults count with those of the filter. */
  readonly activeFaults: string;
}

/** How long requests wait. */
export interface FaultDelayData {
  /** Null: the request's header says. */
  readonly fixedMs: RuntimeNumberData | null;
  readonly fraction: FractionData;
}

/** How requests are answered. At most one status is set; with neither the request's header says. */
export interface FaultAbortData {
  readonly httpStatus: RuntimeNumberData | null;
  readonly grpcStatus: RuntimeNumberData | null;
  readonly fraction: FractionData;
}

/** How fast responses may be. */
export interface FaultRateLimitData {
  /** Kibibytes per second. Null: the request's header says. */
  readonly kibPerSecond: number | null;
  readonly fraction: FractionData;
}
