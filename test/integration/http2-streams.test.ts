import assert from "node:assert/strict";
import http2 from "node:http2";
import { describe, it, type TestContext } from "node:test";
import { type Http2Upstream, startHttp2Upstream } from "../harness/http2-upstream.ts";
import { clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

const WORKERS = 2;
const STREAMS = 100;
const REQUESTS_OF_EACH = 40;
/** So that the streams of one worker need two connections. */
const STREAMS_OF_A_CONNECTION = 30;
const REQUESTS_BETWEEN_GOODBYES = 150;

/**
 * A host that says GOAWAY again and again while it serves: every other time it names the stream at hand as its last one, and never answers those
 * that came after it. At first it waits until all streams are there.
 */
class LeavingHost {
  readonly upstream: Http2Upstream;
  active = 0;
  refused = 0;
  goodbyes = 0;
  /** Open connections when all streams were there. */
  connectionsAtPeak = 0;
  readonly #lastStreams: Map<http2.Http2Session, number>;

  private constructor(upstream: Http2Upstream, lastStreams: Map<http2.Http2Session, number>) {
    this.upstream = upstream;
    this.#lastStreams = lastStreams;
  }

  static async start(t: TestContext): Promise<LeavingHost> {
    const waiting: (() => void)[] = [];
    let served = 0;
    const upstream = await startHttp2Upstream(
      t,
      (stream, headers) => {
        const answer = () => host.#answer(stream, String(headers[":path"]), ++served);
        host.active++;
        stream.once("close", () => host.active--);
        if (host.connectionsAtPeak > 0) return void setImmediate(answer);
        waiting.push(answer);
        if (waiting.length < STREAMS) return;
        host.connectionsAtPeak = upstream.sessions.length;
        for (const each of waiting.splice(0)) each();
      },
      { maxConcurrentStreams: STREAMS_OF_A_CONNECTION },
    );
    const host = new LeavingHost(upstream, new Map());
    return host;
  }

  #answer(stream: http2.ServerHttp2Stream, path: string, served: number): void {
    const { session } = stream;
    if (session === undefined || stream.destroyed) return;
    const last = this.#lastStreams.get(session);
    if (last !== undefined && stream.id! > last) {
      this.refused++;
      return;
    }
    if (served % REQUESTS_BETWEEN_GOODBYES === 0 && last === undefined) this.#sayGoodbye(session, stream.id!);
    stream.respond({ ":status": 200, "x-path": path });
    stream.end(path);
  }

  #sayGoodbye(session: http2.Http2Session, last: number): void {
    if (this.goodbyes++ % 2 === 0) {
      session.close();
      return;
    }
    this.#lastStreams.set(session, last);
    session.goaway(http2.constants.NGHTTP2_NO_ERROR, last);
  }
}

/** One request; resolves with what came back, or why nothing did. */
function get(session: http2.ClientHttp2Session, path: string): Promise<string> {
  return new Promise((resolve) => {
    const stream = session.request({ ":path": path });
    let status = 0;
    let body = "";
    stream.setEncoding("utf8");
    stream.on("response", (headers) => {
      status = Number(headers[":status"]);
    });
    stream.on("data", (text: string) => {
      body += text;
    });
    stream.on("error", (error) => resolve(error.message));
    stream.on("close", () => resolve(`${status} ${body}`));
  });
}

async function start(t: TestContext, upstream: Http2Upstream): Promise<RunningProxy> {
  return startTestProxy(t, {
    config: sampleBootstrap({
      clusters: [sampleCluster("app", [loopback(upstream.port)], { http2_protocol_options: {} })],
      listeners: [{ routes: [clusterRoute("app")], more: { connection_balance_config: { exact_balance: {} } } }],
    }),
    concurrency: WORKERS,
  });
}

describe("100 concurrent streams to an HTTP/2 host", () => {
  it("go over few connections, and none fails while the host says GOAWAY again and again", async (t) => {
    const host = await LeavingHost.start(t);
    const proxy = await start(t, host.upstream);
    const sessions = Array.from({ length: WORKERS }, () => http2.connect(`http://127.0.0.1:${proxy.port()}`));
    t.after(() => {
      for (const session of sessions) session.destroy();
    });
    const failed: string[] = [];
    const slot = async (at: number): Promise<void> => {
      for (let request = 0; request < REQUESTS_OF_EACH; request++) {
        const path = `/${at}/${request}`;
        const outcome = await get(sessions[at % WORKERS]!, path);
        if (outcome !== `200 ${path}`) failed.push(`${path}: ${outcome}`);
      }
    };
    await Promise.all(Array.from({ length: STREAMS }, (_, at) => slot(at)));
    assert.deepEqual(failed, []);
    assert.equal(host.connectionsAtPeak, 2 * WORKERS);
    assert.ok(host.goodbyes > 10, `${host.goodbyes} times GOAWAY`);
    assert.ok(host.refused > 0, "streams were left without an answer");
    await proxy.until("the end of all streams", async () => {
      const stats = await proxy.stats("cluster.app.upstream_rq_");
      return stats.get("cluster.app.upstream_rq_active") === 0;
    });
    const stats = await proxy.stats("cluster.app.");
    assert.equal(stats.get("cluster.app.upstream_rq_200"), STREAMS * REQUESTS_OF_EACH);
    assert.ok(stats.get("cluster.app.upstream_cx_http2_total")! <= 2 * WORKERS + 2 * host.goodbyes);
  });
});
