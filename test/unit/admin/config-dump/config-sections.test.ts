import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { configSections } from "../../../../src/admin/config-dump/config-sections.ts";
import type { JsonObject } from "../../../../src/admin/json-value.ts";
import { askAdmin } from "../../../harness/ask-admin.ts";
import { SampleProxy } from "../../../harness/sample-admin-views.ts";

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

function dump(target: string) {
  const proxy = new SampleProxy();
  proxy.sections = configSections(
    { bootstrap, version: 3, inForceSinceMs: 0, clusterUpdateTimes },
    { includeEds: true },
  );
  return askAdmin(proxy, target);
}

describe("configSections", () => {
  it("gives Envoy's sections in Envoy's order", () => {
    const types = configSections(
      { bootstrap, version: 3, inForceSinceMs: 0, clusterUpdateTimes },
      { includeEds: false },
    ).map(({ type }) => type);
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

  it("shows endpoints on request", async () => {
    assert.match(
      (await dump("/config_dump?include_eds&resource=static_endpoint_configs")).body,
      /"cluster_name": "web"/,
    );
  });

  it("shows a certificate's chain and never its key", async () => {
    const { body } = await dump("/config_dump?resource=static_secrets");
    assert.match(body, /PUBLIC/);
    assert.match(body, /"name": "cert"/);
    assert.doesNotMatch(body, /KEY/);
  });

  it("copes with a bootstrap that has nothing", () => {
    const sections = configSections(
      { bootstrap: {}, version: 0, inForceSinceMs: 0, clusterUpdateTimes },
      { includeEds: true },
    );
    assert.ok(sections.every(({ resources }) => resources.every(({ elements }) => elements.length === 0)));
  });
});
