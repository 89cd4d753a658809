import { unpackResource } from "../../config/compiler/resource-packing.ts";
import type { Locality } from "../../lb/lb-host.ts";
import type { EndpointHealthCheckData, MetadataData } from "../../upstream/cluster-data.ts";
import { healthOf } from "../../upstream/host.ts";
import type { ClusterHost } from "../clusters/cluster-hosts.ts";
import { addressJson } from "../clusters/cluster-status-json.ts";
import type { ConfigSection } from "../config-view.ts";
import type { Json, JsonObject } from "../json-value.ts";
import type { ClusterEndpoints, PackedEndpoints } from "./cluster-endpoints.ts";

const SECTION = "envoy.admin.v3.EndpointsConfigDump";
const ASSIGNMENT = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment";
/** What Envoy gives shares of dropped requests in. */
const MILLION = 1_000_000;

/**
 * `envoy.admin.v3.EndpointsConfigDump`: the endpoints in force with their health, by cluster. Static are, as in Envoy, those of all
 * clusters that stand in the bootstrap, however their endpoints are found. Undefined if there are no clusters.
 */
export function endpointsSection(packed: PackedEndpoints): ConfigSection | undefined {
  if (packed.length === 0) return undefined;
  const elements = packed.flatMap((piece) =>
    (unpackResource(piece) as readonly ClusterEndpoints[]).map((cluster) => ({
      name: cluster.name,
      json: { endpoint_config: assignmentJson(cluster) },
    })),
  );
  return {
    type: SECTION,
    fields: {},
    resources: [
      { field: "static_endpoint_configs", type: `${SECTION}.StaticEndpointConfig`, elements },
      { field: "dynamic_endpoint_configs", type: `${SECTION}.DynamicEndpointConfig`, elements: [] },
    ],
  };
}

function assignmentJson({ name, hosts, ...cluster }: ClusterEndpoints): JsonObject {
  return {
    "@type": ASSIGNMENT,
    cluster_name: name,
    ...(hosts.length === 0 ? {} : { endpoints: byLocality(hosts).map((group) => groupJson(group, cluster)) }),
    policy: policyJson(cluster),
  };
}

function policyJson({
  overprovisioningFactorPercent,
  dropOverload,
}: Pick<ClusterEndpoints, "overprovisioningFactorPercent" | "dropOverload">): JsonObject {
  const overprovisioning_factor = overprovisioningFactorPercent;
  if (dropOverload === null) return { overprovisioning_factor };
  const numerator = Math.floor((dropOverload.numerator / dropOverload.denominator) * MILLION);
  const drop_percentage = { numerator, denominator: "MILLION" };
  return { drop_overloads: [{ category: dropOverload.category, drop_percentage }], overprovisioning_factor };
}

/** The hosts of each priority and locality together, in the order of these. */
function byLocality(hosts: readonly ClusterHost[]): ClusterHost[][] {
  const groups = new Map<string, ClusterHost[]>();
  for (const host of hosts) {
    const { priority, locality } = host.endpoint;
    const key = JSON.stringify([priority, locality.region, locality.zone, locality.subZone]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [host]);
    else group.push(host);
  }
  return [...groups.values()].sort(([a], [b]) => compare(a!.endpoint, b!.endpoint));
}

function compare(a: ClusterHost["endpoint"], b: ClusterHost["endpoint"]): number {
  return a.priority - b.priority || compareText(localityText(a.locality), localityText(b.locality));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function localityText({ region, zone, subZone }: Locality): string {
  return [region, zone, subZone].join("\0");
}

function groupJson(hosts: readonly ClusterHost[], { localityWeighted }: Pick<ClusterEndpoints, "localityWeighted">) {
  const { priority, locality, localityWeight = 0 } = hosts[0]!.endpoint;
  return {
    locality: without({ region: locality.region, zone: locality.zone, sub_zone: locality.subZone }, ""),
    lb_endpoints: hosts.map(endpointJson),
    ...(localityWeighted && localityWeight > 0 ? { load_balancing_weight: localityWeight } : {}),
    ...without({ priority }, 0),
  };
}

function endpointJson({ endpoint, healthFlags }: ClusterHost): JsonObject {
  const { address, hostname, healthCheck, healthStatus, metadata, weight } = endpoint;
  return {
    endpoint: {
      address: addressJson(address) as JsonObject,
      health_check_config: healthCheckJson(healthCheck ?? null),
      ...without({ hostname }, ""),
    },
    health_status: healthOf(healthStatus, healthFlags).toUpperCase(),
    ...(metadata.length === 0 ? {} : { metadata: metadataJson(metadata) }),
    load_balancing_weight: weight,
  };
}

function healthCheckJson(data: EndpointHealthCheckData | null): JsonObject {
  if (data === null) return {};
  return {
    ...without({ port_value: data.port }, 0),
    ...without({ hostname: data.hostname }, ""),
    ...(data.address === null ? {} : { address: addressJson(data.address) as JsonObject }),
    ...without({ disable_active_health_check: data.disabled }, false),
  };
}

function metadataJson(metadata: MetadataData): JsonObject {
  return { filter_metadata: Object.fromEntries(metadata) as JsonObject };
}

/** As the JSON of protos leaves out fields that have their default. */
function without(fields: Readonly<Record<string, Json>>, byDefault: Json): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== byDefault));
}
