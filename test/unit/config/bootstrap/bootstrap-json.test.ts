import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { bootstrapJson } from "../../../../src/config/bootstrap/bootstrap-json.ts";
import { BootstrapSchema } from "../../../../src/proto/gen/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { RouterSchema } from "../../../../src/proto/gen/envoy/extensions/filters/http/router/v3/router_pb.js";

const cluster = (name: string): string => `  - name: ${name}
    connectTimeout: 1.50s
    lb_policy: round_robin
    typed_extension_protocol_options: {}
    load_assignment: { cluster_name: ${name}, endpoints: [] }
`;
const shown = (name: string) => ({ name, connect_timeout: "1.500s", load_assignment: { cluster_name: name } });

describe("bootstrapJson", () => {
  it("prints fields by their proto names, durations and enums in canonical form, defaults not at all", () => {
    const content = `node: { id: n1 }\nstatic_resources:\n  clusters:\n${cluster("a")}${cluster("b")}`;
    assert.deepEqual(bootstrapJson({ texts: [{ file: "a.yaml", content }] }), {
      node: { id: "n1" },
      static_resources: { clusters: [shown("a"), shown("b")] },
    });
  });

  it("merges texts in their order, and puts the command line's node over them", () => {
    const texts = [
      { file: "a.yaml", content: `node: { id: n1, cluster: c }\nstatic_resources:\n  clusters:\n${cluster("a")}` },
      { file: "--config-yaml", content: `{"node": {"id": "m"}, "static_resources": {"clusters": [{"name": "z"}]}}` },
    ];
    assert.deepEqual(bootstrapJson({ texts, node: { cluster: "d", zone: "z" } }), {
      node: { id: "m", cluster: "d", locality: { zone: "z" } },
      static_resources: { clusters: [shown("a"), { name: "z" }] },
    });
  });

  it("reads YAML that can't be cut into items", () => {
    const content = `x: &c { name: a }\nstatic_resources: { clusters: [*c, { <<: *c, name: b }] }\n`;
    const { static_resources } = bootstrapJson({ texts: [{ file: "a.yaml", content }] });
    assert.deepEqual(static_resources, { clusters: [{ name: "a" }, { name: "b" }] });
  });

  it("prints extensions with their type", () => {
    const content = `static_resources:
  listeners:
  - name: l
    filter_chains:
    - filters:
      - name: f
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
          suppressEnvoyHeaders: true
`;
    const { static_resources } = bootstrapJson({ texts: [{ file: "a.yaml", content: Buffer.from(content) }] });
    const typed_config = {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
      suppress_envoy_headers: true,
    };
    assert.deepEqual(static_resources, {
      listeners: [{ name: "l", filter_chains: [{ filters: [{ name: "f", typed_config }] }] }],
    });
  });

  it("reads binary configurations, and says which items hold a type that is not known", () => {
    const typed = (typeUrl: string) => ({ ...anyPack(RouterSchema, create(RouterSchema)), typeUrl });
    const bootstrap = create(BootstrapSchema, {
      node: { id: "n1" },
      staticResources: {
        clusters: [
          { name: "a" },
          { name: "b", typedExtensionProtocolOptions: { x: typed("type.googleapis.com/no.such.Type") } },
        ],
      },
    });
    const json = bootstrapJson({ texts: [{ file: "a.pb", content: toBinary(BootstrapSchema, bootstrap) }] });
    assert.deepEqual(json.node, { id: "n1" });
    const { clusters } = json.static_resources as { clusters: Record<string, unknown>[] };
    assert.deepEqual(clusters[0], { name: "a" });
    assert.equal(clusters[1]?.name, "b");
    assert.match(String(clusters[1]?.["@error"]), /no\.such\.Type/);
  });

  it("is empty without texts", () => {
    assert.deepEqual(bootstrapJson({ texts: [] }), {});
  });
});
