import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { askAdmin } from "../../../harness/ask-admin.ts";
import { SampleProxy } from "../../../harness/sample-admin-views.ts";

const CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster";

const NO_FIELD = "there is no such field, or it lies within a list, of which resource= shows the elements\n";

function proxyWithConfig(): SampleProxy {
  const proxy = new SampleProxy();
  const cluster = (name: string) => ({
    name,
    json: { cluster: { "@type": CLUSTER, name, connect_timeout: "5s", type: "STATIC" }, last_updated: "t" },
  });
  proxy.sections = [
    {
      type: "envoy.admin.v3.BootstrapConfigDump",
      fields: {
        bootstrap: {
          node: { id: "n" },
          static_resources: {
            secrets: [
              {
                name: "cert",
                tls_certificate: {
                  certificate_chain: { inline_string: "PUBLIC" },
                  private_key: { inline_string: "TOP-SECRET-1" },
                  password: { inlineBytes: "TOP-SECRET-2" },
                },
              },
              { name: "generic", generic_secret: { secret: { filename: "TOP-SECRET-3" } } },
            ],
            clusters: [
              {
                request_headers_to_add: [
                  { header: { key: "Authorization", value: "TOP-SECRET-4" } },
                  { header: { key: "x-plain", value: "visible" } },
                ],
                matches: [
                  { name: "x-api-key", string_match: { exact: "TOP-SECRET-7" }, invert_match: true },
                  { name: "Cookie", safeRegexMatch: { regex: "TOP-SECRET-8" } },
                  { name: "access_token", string_match: { prefix: "TOP-SECRET-9" } },
                  { name: "x-version", string_match: { exact: "seen" } },
                ],
                providers: {
                  a: { local_jwks: { inline_string: "TOP-SECRET-10" } },
                  b: { localJwks: { filename: "b.jwks" } },
                },
                credentials: [{ key: "TOP-SECRET-5", client: "c" }],
                sessionTicketKeys: { keys: [{ inline_bytes: "TOP-SECRET-6" }] },
              },
            ],
          },
        },
        last_updated: "t",
      },
      resources: [],
    },
    {
      type: "envoy.admin.v3.ClustersConfigDump",
      fields: { version_info: "7" },
      resources: [
        {
          field: "static_clusters",
          type: "envoy.admin.v3.ClustersConfigDump.StaticCluster",
          elements: [cluster("web"), cluster("api")],
        },
        { field: "dynamic_active_clusters", type: "envoy.admin.v3.ClustersConfigDump.DynamicCluster", elements: [] },
      ],
    },
    { type: "envoy.admin.v3.EndpointsConfigDump", fields: {}, resources: [] },
  ];
  return proxy;
}

async function configs(target: string): Promise<Record<string, unknown>[]> {
  const answer = await askAdmin(proxyWithConfig(), target);
  assert.equal(answer.status, 200, answer.body);
  return (answer.json() as { configs?: Record<string, unknown>[] }).configs ?? [];
}

describe("/config_dump", () => {
  it("shows all sections, endpoints only on request", async () => {
    const types = (await configs("/config_dump")).map((config) => config["@type"]);
    assert.deepEqual(types, [
      "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump",
      "type.googleapis.com/envoy.admin.v3.ClustersConfigDump",
    ]);
    assert.equal((await configs("/config_dump?include_eds")).length, 3);
  });

  it("never shows a secret", async () => {
    for (const target of [
      "/config_dump",
      "/config_dump?mask=bootstrap.static_resources",
      "/config_dump?mask=bootstrap",
    ]) {
      const { body } = await askAdmin(proxyWithConfig(), target);
      assert.doesNotMatch(body, /TOP-SECRET/);
      assert.match(body, /\[redacted\]/);
      assert.match(body, /PUBLIC/);
      assert.match(body, /visible/);
      assert.match(body, /"seen"/);
      assert.match(body, /"b\.jwks"/);
      assert.match(body, /"invert_match": true/);
    }
  });

  it("shows the elements of one field as messages of their own", async () => {
    const found = await configs("/config_dump?resource=static_clusters");
    assert.deepEqual(
      found.map((config) => config["@type"]),
      new Array(2).fill("type.googleapis.com/envoy.admin.v3.ClustersConfigDump.StaticCluster"),
    );
    assert.deepEqual(await configs("/config_dump?resource=dynamic_active_clusters"), []);
  });

  it("keeps what a mask names", async () => {
    assert.deepEqual(await configs("/config_dump?resource=static_clusters&mask=cluster.name,last_updated"), [
      {
        "@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump.StaticCluster",
        cluster: { "@type": CLUSTER, name: "web" },
        last_updated: "t",
      },
      {
        "@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump.StaticCluster",
        cluster: { "@type": CLUSTER, name: "api" },
        last_updated: "t",
      },
    ]);
    assert.deepEqual(await configs("/config_dump?mask=bootstrap.node.id"), [
      { "@type": "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump", bootstrap: { node: { id: "n" } } },
    ]);
    const found = await configs("/config_dump?mask=staticClusters");
    assert.deepEqual(
      found.map((config) => Object.keys(config)),
      [["@type", "static_clusters"]],
    );
  });

  it("shows the message around a field that is known and not set, as Envoy does", async () => {
    const type = "type.googleapis.com/envoy.admin.v3.BootstrapConfigDump";
    assert.deepEqual(await configs("/config_dump?mask=bootstrap.admin"), [{ "@type": type, bootstrap: {} }]);
    assert.deepEqual(
      await configs("/config_dump?mask=bootstrap.node.cluster,bootstrap.cluster_manager.local_cluster_name"),
      [{ "@type": type, bootstrap: { node: {} } }],
    );
    assert.deepEqual(await configs("/config_dump?mask=dynamic_warming_clusters"), [
      { "@type": "type.googleapis.com/envoy.admin.v3.ClustersConfigDump" },
    ]);
    const [first] = await configs(
      "/config_dump?resource=static_clusters&mask=cluster.lb_subset_config.fallback_policy",
    );
    assert.deepEqual(first!.cluster, { "@type": CLUSTER });
    assert.deepEqual(await configs("/config_dump?resource=dynamic_active_clusters&mask=cluster.name"), []);
  });

  it("keeps fields of several sections, and of a message with a text as its JSON all", async () => {
    const found = await configs("/config_dump?mask=bootstrap.node.id,version_info");
    assert.deepEqual(
      found.map((config) => Object.keys(config)),
      [
        ["@type", "bootstrap"],
        ["@type", "version_info"],
      ],
    );
    const [web] = await configs("/config_dump?resource=static_clusters&mask=cluster.connect_timeout.seconds");
    assert.deepEqual(web!.cluster, { "@type": CLUSTER, connect_timeout: "5s" });
  });

  it("keeps the resources whose whole name matches", async () => {
    const found = await configs("/config_dump?resource=static_clusters&name_regex=w.b");
    assert.equal(found.length, 1);
    assert.deepEqual(await configs("/config_dump?resource=static_clusters&name_regex=e"), []);
  });

  const bad = [
    {
      name: "an unknown resource",
      target: "/config_dump?resource=nope",
      status: 404,
      message: "nope not found in config dump\n",
    },
    {
      name: "a resource that is a single field",
      target: "/config_dump?resource=bootstrap",
      status: 400,
      message: "bootstrap is not a repeated field. Use ?mask=bootstrap to get only this field\n",
    },
    {
      name: "a mask that keeps nothing",
      target: "/config_dump?mask=nope.x",
      status: 400,
      message: `FieldMask nope.x could not be successfully applied to any configs. nope.x: ${NO_FIELD}`,
    },
    {
      name: "a mask of which a part is no field",
      target: "/config_dump?mask=bootstrap.node,bootstrap.nod.id",
      status: 400,
      message: `FieldMask bootstrap.node,bootstrap.nod.id could not be successfully applied to any configs. bootstrap.nod.id: ${NO_FIELD}`,
    },
    {
      name: "a mask that goes into a list",
      target: "/config_dump?mask=static_clusters.cluster.name",
      status: 400,
      message: `FieldMask static_clusters.cluster.name could not be successfully applied to any configs. static_clusters.cluster.name: ${NO_FIELD}`,
    },
    {
      name: "a mask with a field that a resource does not have",
      target: "/config_dump?resource=static_clusters&mask=cluster.nam",
      status: 400,
      message: `FieldMask cluster.nam could not be successfully applied to any configs. cluster.nam: ${NO_FIELD}`,
    },
  ];
  for (const { name, target, status, message } of bad) {
    it(`refuses ${name}`, async () => {
      const answer = await askAdmin(proxyWithConfig(), target);
      assert.deepEqual([answer.status, answer.body], [status, message]);
    });
  }

  it("refuses a regex that is none", async () => {
    const answer = await askAdmin(proxyWithConfig(), "/config_dump?name_regex=(");
    assert.equal(answer.status, 400);
    assert.match(answer.body, /^Error while parsing name_regex from \(:/);
  });
});
