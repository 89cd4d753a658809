import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import http2 from "node:http2";
import { describe, it, type TestContext } from "node:test";
import { promisify } from "node:util";
import { echoing, FakeUpstream, type UpstreamScript } from "../harness/fake-upstream.ts";
import { answerRoute, clusterRoute, loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

const run = promisify(execFile);

/** A proxy of two workers that answers at /fast by itself and sends all else to `script`. */
async function scene(t: TestContext, script: UpstreamScript = echoing, manager: object = {}): Promise<RunningProxy> {
  const upstream = await FakeUpstream.start(script);
  t.after(() => upstream.close());
  const clusters = [sampleCluster("app", [loopback(upstream.port)])];
  const listeners = [{ routes: [answerRoute("fast\n", "/fast"), clusterRoute("app")], manager }];
  return startTestProxy(t, {
    config: sampleBootstrap({ clusters, listeners }),
    concurrency: 2,
    args: ["--drain-time-s", "2"],
  });
}

describe("HTTP/2 clients through a whole proxy", () => {
  it("curl with prior knowledge gets headers, bodies and errors", async (t) => {
    const proxy = await scene(t);
    const url = `http://127.0.0.1:${proxy.port()}`;
    const get = await run("curl", ["-sS", "-i", "--http2-prior-knowledge", `${url}/fast`]);
    assert.match(get.stdout, /^HTTP\/2 200 \r\n[\s\S]*server: envoy\r\n[\s\S]*\r\n\r\nfast\n$/);
    const body = "x".repeat(100_000);
    const post = await run("curl", ["-sS", "--http2-prior-knowledge", "--data-binary", body, `${url}/echo`]);
    assert.equal(post.stdout.length, 100_000);
    const expecting = await run("curl", [
      "-sS",
      "--http2-prior-knowledge",
      "-H",
      "expect: 100-continue",
      "-d",
      "abc",
      `${url}/echo`,
    ]);
    assert.equal(expecting.stdout, "abc");
    const head = await run("curl", ["-sS", "-I", "--http2-prior-knowledge", `${url}/fast`]);
    assert.match(head.stdout, /^HTTP\/2 200 \r\n[\s\S]*content-length: 5\r\n/);
  });

  it("curl that asks to upgrade from HTTP/1.1 (h2c) is served on HTTP/1.1", async (t) => {
    const proxy = await scene(t);
    const { stdout } = await run("curl", ["-sS", "-i", "--http2", `http://127.0.0.1:${proxy.port()}/fast`]);
    assert.match(stdout, /^HTTP\/1\.1 200 OK\r\n/);
  });

  it("nghttp, which uses padding, priorities and trailers, is served", async (t) => {
    const proxy = await scene(t);
    const url = `http://127.0.0.1:${proxy.port()}/fast`;
    const { stdout } = await run("nghttp", ["-v", "-n", "-b", "16", "-H", "x-a: b", url, `${url}?2`, `${url}?3`], {
      maxBuffer: 1 << 24,
    });
    assert.equal(stdout.match(/recv \(stream_id=\d+\) :status: 200/g)?.length, 3);
    assert.match(stdout, /recv SETTINGS frame/);
    assert.doesNotMatch(stdout, /RST_STREAM|error_code=(?!NO_ERROR)/);
  });

  it("h2load's thousands of requests on a few connections all succeed, of the proxy's own and of the upstream", async (t) => {
    const proxy = await scene(t);
    for (const [target, count] of [
      ["/fast", 20_000],
      ["/echo", 4000],
    ] as const) {
      const url = `http://127.0.0.1:${proxy.port()}${target}`;
      const { stdout } = await run("h2load", ["-n", String(count), "-c", "8", "-m", "32", url]);
      assert.match(stdout, new RegExp(`${count} succeeded, 0 failed, 0 errored, 0 timeout`));
      assert.match(stdout, new RegExp(`status codes: ${count} 2xx, 0 3xx, 0 4xx, 0 5xx`));
    }
    await proxy.untilStat("http.ingress.downstream_cx_active", 0);
    const stats = await proxy.stats("http2|downstream");
    assert.equal(stats.get("http.ingress.downstream_rq_http2_total"), 24_000);
    assert.equal(stats.get("http2.streams_active"), 0);
    assert.equal(stats.get("http2.pending_send_bytes"), 0);
    assert.equal(stats.get("http.ingress.downstream_cx_protocol_error"), 0);
  });

  it("node:http2 sends and gets large bodies at once on many streams", async (t) => {
    const proxy = await scene(t);
    const session = http2.connect(`http://127.0.0.1:${proxy.port()}`);
    // The proxy may be gone before it.
    session.on("error", () => {});
    t.after(() => session.destroy());
    const body = Buffer.alloc(2_000_000, "0123456789");
    const exchange = async (): Promise<void> => {
      const stream = session.request({ ":method": "POST", ":path": "/echo" });
      stream.end(body);
      let length = 0;
      for await (const chunk of stream) length += (chunk as Buffer).length;
      assert.equal(length, body.length);
    };
    await Promise.all(Array.from({ length: 10 }, exchange));
  });

  it("no request fails while the process says goodbye", async (t) => {
    const proxy = await scene(t, echoing, { drain_timeout: "1s" });
    const session = http2.connect(`http://127.0.0.1:${proxy.port()}`);
    // The proxy may be gone before it.
    session.on("error", () => {});
    t.after(() => session.destroy());
    let goAways = 0;
    session.on("goaway", () => goAways++);
    await once(session, "connect");
    let failed = 0;
    let done = 0;
    const one = (): Promise<void> =>
      new Promise((resolve) => {
        const stream = session.request({ ":path": "/fast" });
        stream.on("error", () => {
          // nghttp2 itself gives up what it has not sent when GOAWAY comes; such a request may be repeated (RFC 9113 §8.7).
          if (stream.rstCode !== http2.constants.NGHTTP2_REFUSED_STREAM) failed++;
        });
        stream.on("close", () => {
          done++;
          resolve();
        });
        stream.resume();
        stream.end();
      });
    await one();
    const stopped = proxy.stop("SIGTERM");
    while (!session.closed && !session.destroyed) await one();
    assert.equal(await stopped, 0);
    assert.ok(goAways >= 1);
    assert.equal(failed, 0);
    assert.ok(done > 1);
  });
});
