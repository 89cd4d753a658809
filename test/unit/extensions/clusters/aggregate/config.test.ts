import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ConfigurationCompiler } from "../../../../../src/config/compiler/configuration-compiler.ts";
import { loadLateCompilerTable } from "../../../../../src/extensions/compiler-table.ts";

const TYPE = "type.googleapis.com/envoy.extensions.clusters.aggregate.v3.ClusterConfig";

function aggregate(name: string, clusters: string): string {
  const config = `{ name: envoy.clusters.aggregate, typed_config: { "@type": ${TYPE}, clusters: [${clusters}] } }`;
  return `{ name: ${name}, lb_policy: CLUSTER_PROVIDED, cluster_type: ${config} }`;
}

/** What is wrong with these clusters; of a place only the path is shown. */
async function problems(...clusters: readonly string[]): Promise<string[]> {
  const content = `static_resources:\n  clusters:\n${clusters.map((cluster) => `  - ${cluster}\n`).join("")}`;
  const compiler = new ConfigurationCompiler(await loadLateCompilerTable());
  const outcome = await compiler.compileLoading({ texts: [{ file: "a.yaml", content }] });
  return outcome.problems.map(({ path, message }) => `${path}: ${message}`);
}

describe("The clusters of an aggregate cluster", () => {
  const first = "static_resources.clusters[0].cluster_type.typed_config.clusters[0]";

  it("are any clusters with hosts of their own", async () => {
    assert.deepEqual(await problems(aggregate("a", "plain"), "{ name: plain }"), []);
  });

  it("are there", async () => {
    assert.deepEqual(await problems(aggregate("a", "gone")), [`${first}: there is no cluster named "gone"`]);
  });

  it("are no aggregate clusters, so that there is no circle", async () => {
    const reason = "can't be part of an aggregate cluster: it is one itself and has no hosts of its own";
    assert.deepEqual(await problems(aggregate("a", "b"), aggregate("b", "a")), [
      `${first}: the cluster "b" ${reason}`,
      `${first.replace("[0]", "[1]")}: the cluster "a" ${reason}`,
    ]);
    assert.deepEqual(await problems(aggregate("a", "a")), [`${first}: the cluster "a" ${reason}`]);
  });

  const refused: readonly (readonly [name: string, cluster: string, reason: string])[] = [
    [
      "let requests name their hosts",
      "{ name: x, type: ORIGINAL_DST, lb_policy: CLUSTER_PROVIDED, original_dst_lb_config: { use_http_header: true } }",
      "its hosts are named by requests",
    ],
    [
      "keep connections apart by client",
      "{ name: x, connection_pool_per_downstream_connection: true }",
      "connection_pool_per_downstream_connection is not supported there yet",
    ],
    [
      "tell hosts of the client",
      "{ name: x, transport_socket: { name: p, typed_config: { " +
        '"@type": type.googleapis.com/envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport, ' +
        "transport_socket: { name: envoy.transport_sockets.raw_buffer } } } }",
      "the PROXY protocol to hosts is not supported there yet",
    ],
  ];
  for (const [name, cluster, reason] of refused) {
    it(`don't ${name}`, async () => {
      const text = `the cluster "x" can't be part of an aggregate cluster: ${reason}`;
      assert.deepEqual(await problems(aggregate("a", "x"), cluster), [`${first}: ${text}`]);
      assert.deepEqual(await problems(cluster), [], "it is fine by itself");
    });
  }
});
