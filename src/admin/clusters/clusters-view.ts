import type { Address } from "../../net/address.ts";
import type { Later } from "../later.ts";

/** The clusters in force with what all workers know of their hosts. */
export interface ClustersView {
  clusters(): Later<readonly ClusterStatus[]>;
}

/** One cluster as `/clusters` shows it. */
export interface ClusterStatus {
  readonly name: string;
  /** `alt_stat_name` if there is one, else the name. */
  readonly observabilityName: string;
  readonly addedViaApi: boolean;
  /** Empty if the cluster has none. */
  readonly edsServiceName: string;
  readonly thresholds: { readonly default: CircuitBreakerLimits; readonly high: CircuitBreakerLimits };
  readonly outlier: OutlierAverages | undefined;
  readonly hosts: readonly HostStatus[];
}

/** Limits of one priority. */
export interface CircuitBreakerLimits {
  readonly maxConnections: number;
  readonly maxPendingRequests: number;
  readonly maxRequests: number;
  readonly maxRetries: number;
}

/** Percentages; -1 where there are too few requests to tell. */
export interface OutlierAverages {
  readonly successRateAverage: number;
  readonly successRateEjectionThreshold: number;
  readonly localOriginSuccessRateAverage: number;
  readonly localOriginSuccessRateEjectionThreshold: number;
}

/** What outlier detection knows of a cluster. */
export interface OutlierView extends OutlierAverages {
  /** Hosts that are ejected, the first 100. */
  readonly ejections: readonly {
    readonly address: string;
    /** By the names of Envoy's `OutlierEjectionType`. */
    readonly reason: string;
    readonly sinceMs: number;
    readonly endsInMs: number;
    /** How often it has been ejected. */
    readonly times: number;
  }[];
  /** Percent, -1 if there are too few requests to tell. */
  readonly successRates: readonly (readonly [address: string, external: number, localOrigin: number])[];
}

/** One host of a cluster, with sums over all workers. */
export interface HostStatus {
  readonly address: Address;
  readonly hostname: string;
  /** Over all workers. */
  readonly counters: Readonly<Record<HostCounter, number>>;
  readonly gauges: Readonly<Record<"cx_active" | "rq_active", number>>;
  /** What is wrong with it; empty if it is healthy. */
  readonly healthFlags: readonly HealthFlag[];
  readonly weight: number;
  readonly locality: { readonly region: string; readonly zone: string; readonly subZone: string };
  readonly canary: boolean;
  readonly priority: number;
  /** Percent, -1 if there are too few requests to tell. */
  readonly successRate: number;
  readonly localOriginSuccessRate: number;
}

/** What is counted of each host, by Envoy's names. */
export type HostCounter = "cx_connect_fail" | "cx_total" | "rq_error" | "rq_success" | "rq_timeout" | "rq_total";

/** Envoy's health flags, as `/clusters` prints them. */
export type HealthFlag =
  | "failed_active_hc"
  | "failed_outlier_check"
  | "failed_eds_health"
  | "degraded_active_hc"
  | "degraded_eds_health"
  | "pending_dynamic_removal"
  | "pending_active_hc"
  | "excluded_via_immediate_hc_fail"
  | "active_hc_timeout"
  | "eds_status_draining";
