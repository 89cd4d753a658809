import assert from "node:assert/strict";
import http2 from "node:http2";
import { describe, it, type TestContext } from "node:test";
import { GrpcClusterStats, grpcMethodOf } from "../../../../../src/extensions/grpc/grpc-method-stats.ts";
import { http2Exchange } from "../../../../harness/http2-client-exchange.ts";
import { RecordingStats } from "../../../../harness/recording-stats.ts";
import type { Proxied } from "../../proxied.ts";
import { frameText, grpcProxied } from "../grpc-proxied.ts";

async function call(test: TestContext, proxied: Proxied, method: string, body: string): Promise<void> {
  const session = http2.connect(`http://127.0.0.1:${proxied.path.port}`);
  test.after(() => session.destroy());
  const headers = {
    ":method": "POST",
    ":path": `/test.Echo/${method}`,
    "content-type": "application/grpc",
    te: "trailers",
  };
  await http2Exchange(session, headers, body);
}

describe("The grpc_stats filter", () => {
  it("counts calls and messages of all methods apart", async (test) => {
    const proxied = await grpcProxied(test, "grpc_stats", "FilterConfig", {
      stats_for_all_methods: true,
      enable_upstream_stats: true,
      emit_filter_state: true,
      replace_dots_in_grpc_service_name: true,
    });
    await call(test, proxied, "Repeat", frameText("one"));
    await call(test, proxied, "Collect", frameText("one") + frameText("two") + frameText(""));
    await call(test, proxied, "Unary", frameText("fail"));
    const of = (name: string): number => proxied.stat(`cluster.app.grpc.test_Echo.${name}`);
    assert.deepEqual(
      [of("Repeat.success"), of("Repeat.total"), of("Repeat.0"), of("Repeat.request_message_count")],
      [1, 1, 1, 1],
    );
    assert.equal(of("Repeat.response_message_count"), 100);
    assert.equal(of("Collect.request_message_count"), 3);
    assert.deepEqual([of("Unary.failure"), of("Unary.3")], [1, 1]);
    assert.equal(proxied.path.stats.samples("cluster.app.grpc.test_Echo.Repeat.upstream_rq_time").length, 1);
  });

  it("counts those that are listed apart, and the others together", async (test) => {
    const proxied = await grpcProxied(test, "grpc_stats", "FilterConfig", {
      individual_method_stats_allowlist: { services: [{ name: "test.Echo", method_names: ["Unary"] }] },
    });
    await call(test, proxied, "Unary", frameText("one"));
    await call(test, proxied, "Collect", frameText("one"));
    assert.equal(proxied.stat("cluster.app.grpc.test.Echo.Unary.success"), 1);
    assert.equal(proxied.stat("cluster.app.grpc.success"), 1);
    assert.equal(proxied.stat("cluster.app.grpc.request_message_count"), 1);
  });

  it("knows methods by their paths", () => {
    assert.deepEqual(grpcMethodOf("/a.B/C?x"), { service: "a.B", method: "C" });
    for (const path of ["/", "/a", "/a/", "//b", "a/b", "/a/b/c"]) assert.equal(grpcMethodOf(path), undefined, path);
  });

  it("keeps no more names than it may", () => {
    const stats = new RecordingStats();
    const cluster = new GrpcClusterStats(stats);
    for (let i = 0; i < 1500; i++) cluster.method({ service: "s", method: `m${i}` }).total.inc();
    assert.equal(stats.value("total"), 500);
    assert.equal(stats.value("s.m999.total"), 1);
  });
});
