import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { packEndpoints } from "../../../../src/admin/config-dump/cluster-endpoints.ts";
import { endpointsSection } from "../../../../src/admin/config-dump/endpoints-section.ts";
import { messageType, typeRegistry } from "../../../../src/proto/type-registry.ts";
import type { ClusterData, EndpointData } from "../../../../src/upstream/cluster-data.ts";
import type { ClusterInspection } from "../../../../src/upstream/cluster-inspection.ts";
import { HealthFlag } from "../../../../src/upstream/membership/health-flag.ts";
import { clusterData, endpointData } from "../../upstream/cluster-fixture.ts";

type Members = Parameters<typeof packEndpoints>[1];
type Counted = Parameters<typeof packEndpoints>[2];

const ZONE_B = { region: "r", zone: "b", subZone: "" };
const ZONE_A = { region: "r", zone: "a", subZone: "" };

async function sectionOf(clusters: readonly ClusterData[], members: Members = new Map(), counted: Counted = new Map()) {
  return endpointsSection(await packEndpoints(clusters, members, counted))!;
}

async function assignmentOf(cluster: ClusterData, members?: Members, counted?: Counted) {
  const { resources } = await sectionOf([cluster], members, counted);
  return resources[0]!.elements[0]!.json.endpoint_config as {
    readonly cluster_name: string;
    readonly endpoints?: readonly { readonly lb_endpoints: readonly { readonly health_status: string }[] }[];
    readonly policy: object;
  };
}

async function healthOf(endpoint: Partial<EndpointData>, healthFlags: number) {
  const member = { endpoint: endpointData(80, endpoint), healthFlags };
  const members: Members = new Map([["one", { edsServiceName: "", members: [member] }]]);
  return (await assignmentOf(clusterData([]), members)).endpoints?.[0]?.lb_endpoints[0]?.health_status;
}

describe("The section of endpoints", () => {
  it("has the hosts of a cluster by priority and locality, with all that is known of them", async () => {
    const cluster = clusterData([
      endpointData(3, { priority: 1 }),
      endpointData(2, { locality: ZONE_B, weight: 4, metadata: [["envoy.lb", { canary: true }]] }),
      endpointData(1, {
        locality: ZONE_A,
        hostname: "h",
        healthCheck: { address: null, port: 81, hostname: "check", disabled: true },
      }),
    ]);
    const at = (port_value: number) => ({ socket_address: { address: "127.0.0.1", port_value } });
    assert.deepEqual(await assignmentOf(cluster), {
      "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
      cluster_name: "one",
      endpoints: [
        {
          locality: { region: "r", zone: "a" },
          lb_endpoints: [
            {
              endpoint: {
                address: at(1),
                health_check_config: { port_value: 81, hostname: "check", disable_active_health_check: true },
                hostname: "h",
              },
              health_status: "HEALTHY",
              load_balancing_weight: 1,
            },
          ],
        },
        {
          locality: { region: "r", zone: "b" },
          lb_endpoints: [
            {
              endpoint: { address: at(2), health_check_config: {} },
              health_status: "HEALTHY",
              metadata: { filter_metadata: { "envoy.lb": { canary: true } } },
              load_balancing_weight: 4,
            },
          ],
        },
        {
          locality: {},
          lb_endpoints: [
            {
              endpoint: { address: at(3), health_check_config: {} },
              health_status: "HEALTHY",
              load_balancing_weight: 1,
            },
          ],
          priority: 1,
        },
      ],
      policy: { overprovisioning_factor: 140 },
    });
  });

  it("is a message of Envoy's", async () => {
    const clusters = [clusterData([endpointData(80)]), clusterData([], { name: "empty" })];
    const { type, resources } = await sectionOf(clusters);
    const json = Object.fromEntries(resources.map(({ field, elements }) => [field, elements.map((each) => each.json)]));
    const message = fromJson(messageType(type)!, json as JsonValue, { registry: typeRegistry });
    assert.equal((message as unknown as { staticEndpointConfigs: unknown[] }).staticEndpointConfigs.length, 2);
  });

  it("shows what discovery has found, under the service's name, with the settings that came with it", async () => {
    const policy = {
      overprovisioningFactorPercent: 200,
      weightedPriorityHealth: false,
      dropOverload: { category: "lb", numerator: 5, denominator: 100 },
    };
    const members = [{ endpoint: endpointData(90), healthFlags: 0 }];
    const known: Members = new Map([["one", { edsServiceName: "service", policy, members }]]);
    const assignment = await assignmentOf(clusterData([endpointData(80)], { discovery: "dynamic" }), known);
    assert.equal(assignment.cluster_name, "service");
    assert.deepEqual(assignment.policy, {
      drop_overloads: [{ category: "lb", drop_percentage: { numerator: 50_000, denominator: "MILLION" } }],
      overprovisioning_factor: 200,
    });
    assert.match(JSON.stringify(assignment.endpoints), /"port_value":90/);
    assert.doesNotMatch(JSON.stringify(assignment.endpoints), /"port_value":80/);
  });

  it("says how healthy hosts are by checks and discovery together", async () => {
    assert.equal(await healthOf({}, 0), "HEALTHY");
    assert.equal(await healthOf({}, HealthFlag.failedActiveHc), "UNHEALTHY");
    assert.equal(await healthOf({}, HealthFlag.failedOutlierCheck), "UNHEALTHY");
    assert.equal(await healthOf({}, HealthFlag.degradedActiveHc), "DEGRADED");
    assert.equal(await healthOf({ healthStatus: "draining" }, 0), "UNHEALTHY");
    assert.equal(await healthOf({ healthStatus: "degraded" }, 0), "DEGRADED");
  });

  it("shows the weights of localities only where they count", async () => {
    const endpoints = [endpointData(80, { locality: ZONE_A, localityWeight: 7 })];
    assert.doesNotMatch(JSON.stringify(await assignmentOf(clusterData(endpoints))), /"load_balancing_weight":7/);
    const weighted = clusterData(endpoints, { locality: { type: "weighted" } });
    assert.match(JSON.stringify(await assignmentOf(weighted)), /"load_balancing_weight":7/);
  });

  it("shows the hosts of an ORIGINAL_DST cluster that requests have named", async () => {
    const originalDst = { header: "x", portOverride: null, cleanupIntervalMs: 5000 };
    const host = { address: "[::1]:8080", hostname: "", weight: 1, priority: 0, locality: ZONE_A };
    const inspected = { name: "one", hosts: [host] } as unknown as ClusterInspection;
    const cluster = clusterData([], { originalDst: originalDst as ClusterData["originalDst"] });
    const assignment = await assignmentOf(cluster, new Map(), new Map([["one", inspected]]));
    assert.match(JSON.stringify(assignment), /"address":"::1","port_value":8080/);
  });

  it("has clusters in order, also of many that are packed in several pieces", async () => {
    const clusters = Array.from({ length: 1001 }, (_, at) => clusterData([endpointData(80)], { name: `c${at}` }));
    const packed = await packEndpoints(clusters, new Map(), new Map());
    assert.ok(packed.length > 1);
    const [fixed] = endpointsSection(packed)!.resources;
    assert.deepEqual(
      fixed!.elements.map(({ name }) => name),
      clusters.map(({ name }) => name),
    );
  });

  it("is not there without clusters", () => {
    assert.equal(endpointsSection([]), undefined);
  });
});
