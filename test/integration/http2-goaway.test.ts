import assert from "node:assert/strict";
import http2 from "node:http2";
import { describe, it } from "node:test";
import { http2Exchange } from "../harness/http2-client-exchange.ts";
import { startHttp2Upstream } from "../harness/http2-upstream.ts";
import { clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { startProxy } from "../harness/start-proxy.ts";

const RELOADS = 6;
const CLIENTS = 4;
const REQUESTS_BETWEEN_GOODBYES = 20;

/** Requests one after the other, on a new session whenever the old one has said GOAWAY; answers how many there were. */
async function keepAsking(port: number, isOver: () => boolean, failures: string[]): Promise<number> {
  let session: http2.ClientHttp2Session | null = null;
  let leaving = false;
  let count = 0;
  while (!isOver()) {
    if (session === null || leaving || session.closed || session.destroyed) {
      session?.close();
      leaving = false;
      session = http2.connect(`http://127.0.0.1:${port}`);
      session.on("error", (error) => failures.push(error.message));
      session.on("goaway", () => {
        leaving = true;
      });
    }
    const { status, body, rstCode } = await http2Exchange(session, { ":path": `/${count}` });
    // A client that was late to read the first GOAWAY asks again, as RFC 9113 §8.7 says.
    if (rstCode === http2.constants.NGHTTP2_REFUSED_STREAM && status === 0) continue;
    if (status !== 200 || body !== `/${count}` || rstCode !== 0) failures.push(`${status} ${body} ${rstCode}`);
    count++;
  }
  session?.close();
  return count;
}

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
    const proxy = await startProxy({ config: config("first"), concurrency: 2, args: ["--drain-time-s", "5"] });
    t.after(() => proxy.kill());
    const failures: string[] = [];
    let over = false;
    const clients = Array.from({ length: CLIENTS }, () => keepAsking(proxy.port(), () => over, failures));
    for (let i = 0; i < RELOADS; i++) {
      const before = upstream.sessionCount();
      assert.equal((await proxy.reload(config(`prefix_${i}`))).status, 200);
      await proxy.until("new connections to the host", async () => upstream.sessionCount() > before + 2);
    }
    over = true;
    const counts = await Promise.all(clients);
    assert.deepEqual(failures, []);
    assert.ok(
      counts.every((count) => count > 10),
      `${counts}`,
    );
  });
});
