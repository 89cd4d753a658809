import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it, type TestContext } from "node:test";
import { FakeUpstream, type UpstreamScript } from "../harness/fake-upstream.ts";
import { requestOnce } from "../harness/http1-client.ts";
import { loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

const FORMAT = [
  "%ACCESS_LOG_TYPE%",
  "%RESPONSE_CODE%",
  "%RESPONSE_FLAGS%",
  "%UPSTREAM_REQUEST_ATTEMPT_COUNT%",
  "%BYTES_SENT%",
  "%BYTES_RECEIVED%",
  "%RESP(x-inner)%",
  "%REQ(:PATH)%",
  "%ROUTE_NAME%",
].join(" ");

interface Setting {
  readonly script: UpstreamScript;
  readonly log?: object;
  readonly options?: object;
  readonly route?: object;
  readonly ports?: readonly number[];
}

async function start(t: TestContext, { script, log, options, route, ports }: Setting) {
  const app = await FakeUpstream.start(script);
  const folder = mkdtempSync(join(tmpdir(), "troupe-upstream-log-"));
  const path = join(folder, "upstream.log");
  t.after(() => {
    rmSync(folder, { recursive: true });
    return app.close();
  });
  const file = {
    name: "envoy.access_loggers.file",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
      path,
      log_format: { text_format_source: { inline_string: `${FORMAT}\n` } },
    },
    ...log,
  };
  const router = {
    name: "envoy.filters.http.router",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router",
      upstream_log: [file],
      ...(options && { upstream_log_options: options }),
    },
  };
  const routes = [
    {
      name: "main",
      match: { prefix: "/" },
      route: { cluster: "app", ...route },
      response_headers_to_remove: ["x-inner"],
    },
  ];
  const config = sampleBootstrap({
    listeners: [{ routes, manager: { http_filters: [router] } }],
    clusters: [sampleCluster("app", (ports ?? [app.port]).map(loopback))],
  });
  const proxy = await startTestProxy(t, { config, concurrency: 1, args: ["--file-flush-interval-msec", "10"] });
  const lines = () => (existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : []);
  return { proxy, app, lines };
}

async function logged({ proxy, lines }: Awaited<ReturnType<typeof start>>, count: number): Promise<string[]> {
  await proxy.until(`${count} lines`, async () => lines().length >= count);
  return lines();
}

describe("upstream_log of the router", () => {
  it("has a line for each attempt, with the attempt's status and bytes and the host's own headers", async (t) => {
    let turn = 0;
    const setting = await start(t, {
      route: { retry_policy: { retry_on: "5xx", num_retries: 1 } },
      script: async (exchange) => {
        await exchange.request();
        const headers = { "x-inner": String(++turn) };
        exchange.respond(turn === 1 ? { status: 503, headers, body: "no" } : { headers, body: "fine" });
      },
    });
    const response = await requestOnce(setting.proxy.port(), { method: "POST", target: "/a", body: "12345" });
    assert.deepEqual([response.status, response.header("x-inner")], [200, undefined]);
    const [first, second, ...more] = await logged(setting, 2);
    assert.match(first!, /^UpstreamEnd 503 - 1 5 [02] 1 \/a main$/);
    assert.equal(second, "UpstreamEnd 200 - 2 5 4 2 /a main");
    assert.deepEqual(more, []);
  });

  it("says why an attempt failed", async (t) => {
    const setting = await start(t, { script: (exchange) => exchange.reset() });
    assert.equal((await requestOnce(setting.proxy.port(), { method: "POST", body: "1" })).status, 503);
    assert.match((await logged(setting, 1))[0]!, /^UpstreamEnd 0 UC 1 \d 0 - \/ main$/);
  });

  it("logs nothing of requests that reach no attempt, and only what the filter lets pass", async (t) => {
    const filter = {
      status_code_filter: { comparison: { op: "GE", value: { default_value: 500, runtime_key: "none" } } },
    };
    const setting = await start(t, {
      log: { filter },
      script: (exchange) => exchange.respond({ status: exchange.target === "/bad" ? 500 : 200 }),
    });
    for (const target of ["/good", "/bad", "/good"]) await requestOnce(setting.proxy.port(), { target });
    const [line, ...more] = await logged(setting, 1);
    assert.equal(line, "UpstreamEnd 500 - 1 0 0 - /bad main");
    assert.deepEqual(more, []);
  });

  it("logs when the stream is there and at intervals until it ends, if it is told to", async (t) => {
    const setting = await start(t, {
      script: () => {},
      options: { flush_upstream_log_on_upstream_stream: true, upstream_log_flush_interval: "0.02s" },
    });
    setting.app.setScript(undefined);
    const response = requestOnce(setting.proxy.port(), { target: "/slow" });
    const exchange = await setting.app.nextRequest();
    const before = await logged(setting, 3);
    assert.equal(before[0], "UpstreamPoolReady 0 - 1 0 0 - /slow main");
    assert.equal(before[1], "UpstreamPeriodic 0 - 1 0 0 - /slow main");
    exchange.respond({ body: "ok" });
    assert.equal((await response).body, "ok");
    await setting.proxy.until("the end", async () => setting.lines().at(-1) === "UpstreamEnd 200 - 1 0 2 - /slow main");
  });
});
