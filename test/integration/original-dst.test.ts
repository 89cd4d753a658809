import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { answering, FakeUpstream } from "../harness/fake-upstream.ts";
import { requestOnce } from "../harness/http1-client.ts";
import { sampleBootstrap } from "../harness/sample-bootstrap.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

describe("An ORIGINAL_DST cluster with use_http_header", () => {
  it("sends each request where its header says, on every worker, and answers 503 where it says nothing", async (t) => {
    const [a, b] = [await FakeUpstream.start(answering("a")), await FakeUpstream.start(answering("b"))];
    t.after(() => Promise.all([a.close(), b.close()]));
    const cluster = {
      name: "app",
      type: "ORIGINAL_DST",
      lb_policy: "CLUSTER_PROVIDED",
      original_dst_lb_config: { use_http_header: true },
    };
    const proxy = await startTestProxy(t, { config: sampleBootstrap({ clusters: [cluster] }), concurrency: 2 });
    const ask = (host: string) =>
      requestOnce(proxy.port(), { headers: { "x-envoy-original-dst-host": host } }).then(({ body }) => body);
    for (let i = 0; i < 8; i++) assert.deepEqual([await ask(a.address), await ask(b.address)], ["a", "b"]);
    const { body: page } = await proxy.admin("/clusters");
    for (const { address } of [a, b]) assert.ok(page.includes(`app::${address}::rq_total::8\n`), page);
    const { status, body } = await requestOnce(proxy.port());
    assert.deepEqual([status, body], [503, "no healthy upstream"]);
    assert.equal(await ask("somewhere"), "no healthy upstream");
    const stats = await proxy.stats("original_dst_host_invalid");
    assert.equal(stats.get("cluster.app.original_dst_host_invalid"), 1);
  });
});
