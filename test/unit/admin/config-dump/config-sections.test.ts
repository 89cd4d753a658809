import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { packEndpoints } from "../../../../src/admin/config-dump/cluster-endpoints.ts";
import { configSections } from "../../../../src/admin/config-dump/config-sections.ts";
import type { JsonObject } from "../../../../src/admin/json-value.ts";
import { askAdmin } from "../../../harness/ask-admin.ts";
import { SampleProxy } from "../../../harness/sample-admin-views.ts";
import { clusterData, endpointData } from "../../upstream/cluster-fixture.ts";

const bootstrap: JsonObject = {
  node: { id: "n" },
  static_resources: {
    listeners: [
      {
        name: "ingress",
        filter_chains: [
          {
            filters: [
              {
                name: "envoy.filters.network.http_connection_manager",
                typed_config: { "@type": "t", route_config: { name: "local_route" } },
              },
            ],
          },
        ],
      },
    ],
    clusters: [{ name: "web", load_assignment: { cluster_name: "web", endpoints: [] } }],
    secrets: [
      {
        name: "cert",
        tls_certificate: { certificate_chain: { inline_string: "PUBLIC" }, private_key: { inline_string: "KEY" } },
      },
    ],
  },
};

const clusterUpdateTimes = new Map([["web", 5000]]);

const config = { bootstrap, version: 3, inForceSinceMs: 0, clusterUpdateTimes, endpoints: undefined };

async function dump(target: string) {
  const proxy = new SampleProxy();
  const endpoints = await packEndpoints([clusterData([endpointData(80)], { name: "web" })], new Map(), new Map());
  proxy.sections = configSections({ ...config, endpoints });
  return askAdmin(proxy, target);
}

describe("configSections", () => {
  it("gives Envoy's sections in Envoy's order", () => {
    const types = configSections(config).map(({ type }) => type);
    assert.deepEqual(types, [
      "envoy.admin.v3.BootstrapConfigDump",
      "envoy.admin.v3.ClustersConfigDump",
      "envoy.admin.v3.ListenersConfigDump",
      "envoy.admin.v3.RoutesConfigDump",
      "envoy.admin.v3.SecretsConfigDump",
    ]);
  });

  it("wraps static resources with their type and time", async () => {
    assert.deepEqual((await dump("/config_dump?resource=static_clusters")).json(), {
      configs: [
        {
          "@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump.StaticCluster",
          cluster: {
            "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
            name: "web",
            load_assignment: { cluster_name: "web", endpoints: [] },
          },
          last_updated: "1970-01-01T00:00:05.000Z",
        },
      ],
    });
  });

  it("says when the configuration came, where a resource has no time of its own", async () => {
    assert.match((await dump("/config_dump?resource=static_listeners")).body, /"1970-01-01T00:00:00.000Z"/);
  });

  it("finds the route tables inside listeners", async () => {
    assert.match(
      (await dump("/config_dump?resource=static_route_configs&name_regex=local_.*")).body,
      /"name": "local_route"/,
    );
  });

  it("shows endpoints on request, after the clusters", async () => {
    assert.match(
      (await dump("/config_dump?include_eds&resource=static_endpoint_configs")).body,
      /"cluster_name": "web"/,
    );
    assert.deepEqual((await dump("/config_dump?include_eds&resource=dynamic_endpoint_configs")).json(), {});
    const { configs } = (await dump("/config_dump?include_eds")).json() as { configs: { "@type": string }[] };
    assert.match(configs[2]!["@type"], /EndpointsConfigDump$/);
  });

  it("shows a certificate's chain and never its key", async () => {
    const { body } = await dump("/config_dump?resource=static_secrets");
    assert.match(body, /PUBLIC/);
    assert.match(body, /"name": "cert"/);
    assert.doesNotMatch(body, /KEY/);
  });

  it("copes with a bootstrap that has nothing", () => {
    const sections = configSections({ ...config, bootstrap: {}, endpoints: [] });
    assert.ok(sections.every(({ resources }) => resources.every(({ elements }) => elements.length === 0)));
  });
});
