import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { SystemRandom } from "../../../../src/base/random.ts";
import { NO_HTTP2_CODEC_STATS } from "../../../../src/http/http2/codec-stats.ts";
import type { HttpCheckData } from "../../../../src/upstream/health-check/health-check-data.ts";
import { HttpProbe } from "../../../../src/upstream/health-check/http-probe.ts";
import type { ProbeResult } from "../../../../src/upstream/health-check/probe.ts";
import { FakeClock } from "../../../harness/fake-clock.ts";
import { answering, FakeUpstream, hanging, resetting, type UpstreamScript } from "../../../harness/fake-upstream.ts";
import { REFUSING_PORT } from "../../../harness/refusing-port.ts";
import { until } from "../../../harness/until.ts";
import { HTTP1_DEFAULTS, httpCheck, plainTarget } from "./health-check-fixture.ts";

interface Scene {
  readonly upstream: FakeUpstream;
  readonly probe: HttpProbe;
  readonly results: ProbeResult[];
  verified: number;
  /** Makes one check. */
  once(): Promise<ProbeResult>;
}

interface SceneOptions {
  readonly reuse?: boolean;
  readonly hostname?: string;
  /** Default: the upstream's. */
  readonly port?: number;
}

async function scene(
  t: TestContext,
  script: UpstreamScript,
  check: Partial<HttpCheckData> = {},
  { reuse = true, hostname = "", port }: SceneOptions = {},
): Promise<Scene> {
  const upstream = await FakeUpstream.start(script);
  const results: ProbeResult[] = [];
  const clock = new FakeClock();
  const environment = {
    timers: clock.timers,
    random: new SystemRandom(),
    http2Stats: NO_HTTP2_CODEC_STATS,
    onVerifyCluster: () => made.verified++,
  };
  const target = plainTarget(port ?? upstream.port, hostname);
  const probe = new HttpProbe(httpCheck(check), reuse, target, environment, (result) => results.push(result));
  const made: Scene = {
    upstream,
    probe,
    results,
    verified: 0,
    async once() {
      const before = results.length;
      probe.start();
      await until("the result of a check", () => results.length > before);
      return results.at(-1)!;
    },
  };
  t.after(async () => {
    probe.close();
    await upstream.close();
  });
  return made;
}

const SUCCESS = { ok: true, degraded: false };
const FAILED = { ok: false, failure: "ACTIVE", retriable: false };
const NETWORK = { ok: false, failure: "NETWORK", retriable: false };

describe("HttpProbe", () => {
  it("asks for the path with the cluster's name as host, and Envoy's user agent", async (t) => {
    const { once, upstream } = await scene(t, answering(), { path: "/healthz?full" });
    assert.deepEqual(await once(), SUCCESS);
    assert.equal(upstream.received, "GET /healthz?full HTTP/1.1\r\nhost: backend\r\nuser-agent: Envoy/HC\r\n\r\n");
  });

  it("writes names of headers and the request line as the cluster's requests have them", async (t) => {
    const http1 = { ...HTTP1_DEFAULTS, keyFormat: "properCase", sendFullyQualifiedUrl: true } as const;
    const { once, upstream } = await scene(t, answering(), { http1, path: "/up" });
    assert.deepEqual(await once(), SUCCESS);
    assert.equal(upstream.received, "GET http://backend/up HTTP/1.1\r\nHost: backend\r\nUser-Agent: Envoy/HC\r\n\r\n");
  });

  it("fails by an answer with more headers than the cluster takes", async (t) => {
    const http1 = { ...HTTP1_DEFAULTS, maxResponseHeadersCount: 2 };
    const headers = (names: string) => `HTTP/1.1 200 OK\r\ncontent-length: 0\r\n${names}\r\n`;
    const { once, upstream } = await scene(t, (seen) => seen.write(headers("a: 1\r\n")), { http1 });
    assert.deepEqual(await once(), SUCCESS);
    upstream.setScript((seen) => seen.write(headers("a: 1\r\nb: 2\r\n")));
    assert.deepEqual(await once(), NETWORK);
  });

  it("prefers the check's host, and the endpoint's hostname to that", async (t) => {
    const own = await scene(t, answering(), { host: "check.test" });
    await own.once();
    assert.match(own.upstream.received, /\r\nhost: check\.test\r\n/);
    const endpoint = await scene(t, answering(), { host: "check.test" }, { hostname: "endpoint.test" });
    await endpoint.once();
    assert.match(endpoint.upstream.received, /\r\nhost: endpoint\.test\r\n/);
  });

  it("sends the method, the body, and headers as they are added, replaced and removed", async (t) => {
    const header = { value: "x", keepEmptyValue: false } as const;
    const { once, upstream } = await scene(t, answering(), {
      method: "POST",
      send: Buffer.from("ping").toString("hex"),
      headersToAdd: [
        { ...header, name: "x-a", value: "1", action: "appendOrAdd" },
        { ...header, name: "x-a", value: "2", action: "appendOrAdd" },
        { ...header, name: "x-a", value: "3", action: "addIfAbsent" },
        { ...header, name: "x-b", action: "overwriteIfExists" },
        { ...header, name: "x-c", value: "", action: "appendOrAdd" },
      ],
      headersToRemove: ["user-agent"],
    });
    assert.deepEqual(await once(), SUCCESS);
    assert.equal(
      upstream.received,
      "POST / HTTP/1.1\r\nhost: backend\r\ncontent-length: 4\r\nx-a: 1\r\nx-a: 2\r\n\r\nping",
    );
  });

  it("fails by a status that is not expected, and says whether it is retriable", async (t) => {
    const ranges = { expectedStatuses: [{ start: 200, end: 300 }], retriableStatuses: [{ start: 503, end: 504 }] };
    const { once, upstream, probe } = await scene(t, answering("", 299), ranges);
    assert.deepEqual(await once(), SUCCESS);
    assert.equal(probe.why, "");
    upstream.setScript(answering("", 300));
    assert.deepEqual(await once(), FAILED);
    assert.equal(probe.why, "it answered 300");
    upstream.setScript(answering("", 503));
    assert.deepEqual(await once(), { ...FAILED, retriable: true });
  });

  it("looks for what is to be received, in order, in the first bytes of the body", async (t) => {
    const receive = ["up", "ready"].map((text) => Buffer.from(text).toString("hex"));
    const { once, upstream } = await scene(t, answering("up and ready"), { receive });
    assert.deepEqual(await once(), SUCCESS);
    upstream.setScript(answering("ready and up"));
    assert.deepEqual(await once(), FAILED);
    upstream.setScript(answering(`up${" ".repeat(1024)}ready`));
    assert.deepEqual(await once(), FAILED);
  });

  it("compares the service name of the answer", async (t) => {
    const serviceNameMatcher = { type: "prefix", value: "loc", ignoreCase: false } as const;
    const script =
      (name: string): UpstreamScript =>
      (exchange) =>
        exchange.respond({ headers: { "x-envoy-upstream-healthchecked-cluster": name } });
    const made = await scene(t, script("locations-production-iad"), { serviceNameMatcher });
    assert.deepEqual(await made.once(), SUCCESS);
    made.upstream.setScript(script("api-production-iad"));
    assert.deepEqual(await made.once(), FAILED);
    assert.equal(made.verified, 2);
  });

  it("tells that the host is degraded", async (t) => {
    const { once } = await scene(t, (exchange) => exchange.respond({ headers: { "x-envoy-degraded": "" } }));
    assert.deepEqual(await once(), { ok: true, degraded: true });
  });

  it("uses its connection again", async (t) => {
    const { once, upstream } = await scene(t, answering());
    for (let i = 0; i < 3; i++) assert.deepEqual(await once(), SUCCESS);
    assert.equal(upstream.connections.length, 1);
  });

  it("makes a connection for each check if it is not to be reused, or the host ends it", async (t) => {
    const own = await scene(t, answering(), {}, { reuse: false });
    for (let i = 0; i < 3; i++) assert.deepEqual(await own.once(), SUCCESS);
    assert.equal(own.upstream.connections.length, 3);
    const ended = await scene(t, (exchange) => exchange.respond({ headers: { connection: "close" } }));
    for (let i = 0; i < 3; i++) assert.deepEqual(await ended.once(), SUCCESS);
    assert.equal(ended.upstream.connections.length, 3);
  });

  it("fails when the host resets, or says nothing that is HTTP", async (t) => {
    const { once, probe, upstream } = await scene(t, resetting);
    assert.deepEqual(await once(), NETWORK);
    assert.equal(probe.why, "connection reset by peer");
    upstream.setScript((exchange) => exchange.write("what?\r\n\r\n"));
    assert.deepEqual(await once(), NETWORK);
    assert.equal(probe.why, "the host reset the request or broke the protocol");
    upstream.setScript(answering());
    assert.deepEqual(await once(), SUCCESS);
  });

  it("fails when nobody listens", async (t) => {
    const { once, probe } = await scene(t, answering(), {}, { port: REFUSING_PORT });
    assert.deepEqual(await once(), NETWORK);
    assert.equal(probe.why, "connection refused");
  });

  it("gives up a host that hangs, and begins anew with the next check", async (t) => {
    const { once, probe, results, upstream } = await scene(t, hanging);
    probe.start();
    await until("a request", () => upstream.requestCount === 1);
    probe.cancel();
    await until("the end of the connection", () => upstream.openConnections === 0);
    upstream.setScript(answering());
    assert.deepEqual(await once(), SUCCESS);
    assert.deepEqual(results, [SUCCESS]);
  });
});
