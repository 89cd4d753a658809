import type { HostMonitor, RateKind } from "./host-monitor.ts";
import type { EjectionType } from "./outlier-data.ts";
import type { RateThreshold } from "./success-rates.ts";

/** An event of outlier detection. */
export interface OutlierEvent {
  readonly cluster: string;
  readonly address: string;
  readonly monitor: HostMonitor;
  readonly nowMs: number;
  readonly wallMs: number;
  readonly action:
    | { readonly type: "UNEJECT" }
    | {
        readonly type: "EJECT";
        readonly for: EjectionType;
        readonly enforced: boolean;
        readonly thresholds: Readonly<Record<RateKind, RateThreshold>>;
      };
}

/** The event as the JSON of `envoy.data.cluster.v3.OutlierDetectionEvent`, with the fields that Envoy writes even when they are empty. */
export function outlierEventJson({ cluster, address, monitor, nowMs, wallMs, action }: OutlierEvent): object {
  const lastMs = action.type === "EJECT" ? monitor.unejectedAtMs : monitor.ejectedAtMs;
  return {
    type: action.type === "EJECT" ? action.for : "CONSECUTIVE_5XX",
    timestamp: new Date(wallMs).toISOString(),
    ...(lastMs !== null && { secs_since_last_action: String(Math.floor((nowMs - lastMs) / 1000)) }),
    cluster_name: cluster,
    upstream_url: address,
    action: action.type,
    num_ejections: monitor.ejections,
    enforced: action.type === "EJECT" && action.enforced,
    ...(action.type === "EJECT" && details(monitor, action.for, action.thresholds)),
  };
}

function details(
  { rates }: HostMonitor,
  type: EjectionType,
  thresholds: Readonly<Record<RateKind, RateThreshold>>,
): object {
  const kind: RateKind = type.endsWith("_LOCAL_ORIGIN") ? "local" : "external";
  switch (type) {
    case "SUCCESS_RATE":
    case "SUCCESS_RATE_LOCAL_ORIGIN":
      return {
        eject_success_rate_event: {
          host_success_rate: Math.trunc(rates[kind]),
          cluster_average_success_rate: Math.trunc(thresholds[kind].average),
          cluster_success_rate_ejection_threshold: Math.trunc(thresholds[kind].threshold),
        },
      };
    case "FAILURE_PERCENTAGE":
    case "FAILURE_PERCENTAGE_LOCAL_ORIGIN":
      return { eject_failure_percentage_event: { host_success_rate: Math.trunc(rates[kind]) } };
    default:
      return { eject_consecutive_event: {} };
  }
}
