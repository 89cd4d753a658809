import type { EndpointData } from "../cluster-data.ts";
import { eventAddress } from "../event-log/event-address.ts";
import type { CheckData } from "./health-check-data.ts";
import type { CheckEvent } from "./host-health-check.ts";

/** An event as the JSON of `envoy.data.core.v3.HealthCheckEvent`, with the fields that Envoy writes even when they are empty. */
export function checkEventJson(
  checker: CheckData["type"],
  clusterName: string,
  endpoint: EndpointData,
  event: CheckEvent,
  wallMs: number,
): object {
  const { region, zone, subZone } = endpoint.locality;
  return {
    health_checker_type: checker.toUpperCase(),
    host: eventAddress(endpoint.address),
    cluster_name: clusterName,
    timestamp: new Date(wallMs).toISOString(),
    metadata: { filter_metadata: Object.fromEntries(endpoint.metadata), typed_filter_metadata: {} },
    locality: { region, zone, sub_zone: subZone },
    [event.type]: detailsOf(event),
  };
}

function detailsOf(event: CheckEvent): object {
  switch (event.type) {
    case "eject_unhealthy_event":
      return { failure_type: event.failure };
    case "add_healthy_event":
      return { first_check: event.firstCheck };
    case "health_check_failure_event":
      return { failure_type: event.failure, first_check: event.firstCheck };
    default:
      return {};
  }
}
