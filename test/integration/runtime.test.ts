import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { answering, FakeUpstream } from "../harness/fake-upstream.ts";
import { requestOnce } from "../harness/http1-client.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";

const FILTERS = "type.googleapis.com/envoy.extensions.filters";

/** A proxy whose fault filter answers 503 to the share of requests that runtime says, and whose first route runtime opens. */
function config(upstreamPort: number, layers: readonly object[]): object {
  const address = { socket_address: { address: "127.0.0.1", port_value: upstreamPort } };
  const fraction = { default_value: { numerator: 0, denominator: "HUNDRED" }, runtime_key: "canary.share" };
  const routes = [
    { match: { prefix: "/", runtime_fraction: { ...fraction } }, direct_response: { status: 202 } },
    { match: { prefix: "/" }, route: { cluster: "up" } },
  ];
  const fault = {
    "@type": `${FILTERS}.http.fault.v3.HTTPFault`,
    abort: { http_status: 503, percentage: { numerator: 0 } },
  };
  const filter = {
    "@type": `${FILTERS}.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "in",
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
    http_filters: [
      { name: "envoy.filters.http.fault", typed_config: fault },
      { name: "envoy.filters.http.router", typed_config: { "@type": `${FILTERS}.http.router.v3.Router` } },
    ],
  };
  return {
    layered_runtime: { layers },
    static_resources: {
      listeners: [
        {
          name: "in",
          address: { socket_address: { address: "127.0.0.1", port_value: 0 } },
          filter_chains: [{ filters: [{ name: "hcm", typed_config: filter }] }],
        },
      ],
      clusters: [
        {
          name: "up",
          load_assignment: { cluster_name: "up", endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
        },
      ],
    },
  };
}

describe("Runtime values", () => {
  let upstream: FakeUpstream;
  let proxy: RunningProxy | undefined;

  before(async () => {
    upstream = await FakeUpstream.start(answering("up"));
  });
  after(() => upstream.close());
  afterEach(() => proxy?.kill());

  async function statuses(running: RunningProxy): Promise<number[]> {
    const answers = await Promise.all(Array.from({ length: 8 }, () => requestOnce(running.port())));
    return [...new Set(answers.map(({ status }) => status))];
  }

  async function gauge(running: RunningProxy, name: string): Promise<string> {
    return (await running.admin(`/stats?filter=^${name}$`)).body.trim();
  }

  it("set by POST /runtime_modify hold at once on all workers, and on one that is started later", async () => {
    const running = await startProxy({
      config: config(upstream.port, [{ name: "admin", admin_layer: {} }]),
      concurrency: 2,
    });
    proxy = running;
    assert.deepEqual(await statuses(running), [200]);
    const set = await running.admin("/runtime_modify?fault.http.abort.abort_percent=100", "POST");
    assert.deepEqual([set.status, set.body], [200, "OK\n"]);
    await running.until("both workers abort", async () => (await statuses(running)).join() === "503");
    assert.equal((await running.admin("/workers?count=3", "POST")).status, 200);
    assert.deepEqual(await statuses(running), [503]);
    assert.equal(await gauge(running, "runtime.admin_overrides_active"), "runtime.admin_overrides_active: 1");
    await running.admin("/runtime_modify?fault.http.abort.abort_percent=&canary.share=100", "POST");
    await running.until("the first route is open", async () => (await statuses(running)).join() === "202");
    const shown = JSON.parse((await running.admin("/runtime")).body);
    assert.deepEqual(shown, {
      layers: ["admin"],
      entries: { "canary.share": { final_value: "100", layer_values: ["100"] } },
    });
  });

  it("of a static layer hold from the start, and change with the configuration", async () => {
    const layer = (share: object | number): object => ({ name: "base", static_layer: { canary: { share } } });
    const running = await startProxy({ config: config(upstream.port, [layer(100)]), concurrency: 2 });
    proxy = running;
    assert.deepEqual(await statuses(running), [202]);
    assert.equal((await running.admin("/runtime_modify?a=b", "POST")).body, "No admin layer specified");
    running.writeConfig(config(upstream.port, [layer({ numerator: 0, denominator: "MILLION" })]));
    assert.equal((await running.reload()).status, 200);
    assert.deepEqual(await statuses(running), [200]);
    assert.equal(await gauge(running, "runtime.num_keys"), "runtime.num_keys: 1");
  });

  it("of a disk layer follow the link when it is swapped", async () => {
    const folder = mkdtempSync(join(tmpdir(), "troupe-runtime-"));
    try {
      for (const [version, share] of [
        ["v1", "0"],
        ["v2", "100"],
      ] as const) {
        mkdirSync(join(folder, version, "canary"), { recursive: true });
        writeFileSync(join(folder, version, "canary", "share"), `${share}\n`);
      }
      const link = join(folder, "current");
      symlinkSync("v1", link);
      const layers = [{ name: "disk", disk_layer: { symlink_root: link } }];
      const running = await startProxy({ config: config(upstream.port, layers), watch: true });
      proxy = running;
      assert.deepEqual(await statuses(running), [200]);
      symlinkSync("v2", `${link}.new`);
      renameSync(`${link}.new`, link);
      await running.until("the new value", async () => (await statuses(running)).join() === "202");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
