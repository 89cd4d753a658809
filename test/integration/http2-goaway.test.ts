import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Http2Asker } from "../harness/http2-asker.ts";
import { startHttp2Upstream } from "../harness/http2-upstream.ts";
import { clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

const RELOADS = 6;
const CLIENTS = 4;
const REQUESTS_BETWEEN_GOODBYES = 20;

describe("GOAWAY under load", () => {
  it("of the proxy at each reload, and of the host all the time, loses no request", async (t) => {
    let served = 0;
    const upstream = await startHttp2Upstream(t, (stream, headers) => {
      // Says which streams it will still answer, and closes behind them.
      if (++served % REQUESTS_BETWEEN_GOODBYES === 0) for (const session of [...upstream.sessions]) session.close();
      stream.respond({ ":status": 200 });
      stream.end(String(headers[":path"]));
    });
    const config = (prefix: string): object =>
      sampleBootstrap({
        clusters: [sampleCluster("app", [loopback(upstream.port)], { http2_protocol_options: {} })],
        // Another stat prefix is another connection manager, so that its connections drain.
        listeners: [{ routes: [clusterRoute("app")], manager: { stat_prefix: prefix, drain_timeout: "2s" } }],
      });
    const proxy = await startTestProxy(t, { config: config("first"), concurrency: 2, args: ["--drain-time-s", "5"] });
    const url = `http://127.0.0.1:${proxy.port()}`;
    const askers = Array.from({ length: CLIENTS }, () => new Http2Asker({ url }));
    for (let i = 0; i < RELOADS; i++) {
      const before = upstream.sessionCount();
      assert.equal((await proxy.reload(config(`prefix_${i}`))).status, 200);
      await proxy.until("new connections to the host", async () => upstream.sessionCount() > before + 2);
    }
    await Promise.all(askers.map((asker) => asker.stop()));
    for (const { failures, count } of askers) {
      assert.deepEqual(failures, []);
      assert.ok(count > 10, `${count}`);
    }
  });
});
