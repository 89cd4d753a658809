import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { loopback, sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import { fixedRandom } from "../../../../harness/stream-fixtures.ts";
import { TcpUpstream } from "../../../../harness/tcp-peer.ts";
import { until } from "../../../../harness/until.ts";
import { networkFilter, TcpPath, tcpConfig } from "../tcp-path.ts";
import { TcpProxied } from "./tcp-proxied.ts";

/** A TCP proxy behind a filter that writes one key of the filter state. */
async function behindFilterState(t: TestContext, key: string, value: string, fields: object, clock = new FakeClock()) {
  const upstream = await TcpUpstream.start();
  t.after(() => upstream.close());
  const format_string = { text_format_source: { inline_string: value } };
  const filters = [
    networkFilter("set_filter_state", "Config", { on_new_connection: [{ object_key: key, format_string }] }),
    networkFilter("tcp_proxy", "TcpProxy", { stat_prefix: "in", cluster: "app", ...fields }),
  ];
  const tcp = await TcpPath.start(t, tcpConfig(filters, [sampleCluster("app", [loopback(upstream.port)])]), { clock });
  const client = await tcp.client();
  const server = await upstream.connection();
  await until("the upstream's connection", () => tcp.stat("cluster.app.upstream_rq_active") === 1);
  return { tcp, client, server, clock };
}

describe("What other filters want of a connection of tcp_proxy", () => {
  const IDLE = "envoy.tcp_proxy.per_connection_idle_timeout_ms";
  for (const [value, endsAfterMs] of [
    ["5000", 5000],
    ["soon", 60_000],
  ] as const) {
    it(`is an idle timeout of "${value}": ${endsAfterMs} ms where 60 s are configured`, async (t) => {
      const { tcp, client, clock } = await behindFilterState(t, IDLE, value, { idle_timeout: "60s" });
      clock.advance(endsAfterMs - 20);
      assert.equal(tcp.stat("tcp.in.idle_timeout"), 0);
      clock.advance(40);
      await client.untilEnded();
      assert.equal(tcp.stat("tcp.in.idle_timeout"), 1);
    });
  }

  it("is no idle timeout at all, with 0", async (t) => {
    const { tcp, clock } = await behindFilterState(t, IDLE, "0", { idle_timeout: "60s" });
    clock.advance(600_000);
    assert.equal(tcp.stat("tcp.in.idle_timeout"), 0);
  });

  it("is plain TCP where a tunnel is configured", async (t) => {
    const key = "envoy.tcp_proxy.disable_tunneling";
    const fields = { tunneling_config: { hostname: "db.test:5432" } };
    const { client, server } = await behindFilterState(t, key, "true", fields);
    client.write("hello");
    await server.untilText("hello");
  });
});

describe("max_downstream_connection_duration_jitter_percentage of tcp_proxy", () => {
  it("adds up to that share of the greatest age, by chance", async (t) => {
    const clock = new FakeClock();
    const proxy = {
      max_downstream_connection_duration: "10s",
      max_downstream_connection_duration_jitter_percentage: { value: 50 },
    };
    // Half of the most that it may be.
    const proxied = await TcpProxied.start(t, { clock, proxy, random: { ...fixedRandom, fraction: () => 0.5 } });
    const { client } = await proxied.pair();
    clock.advance(12_480);
    assert.equal(proxied.stat("tcp.in.max_downstream_connection_duration"), 0);
    clock.advance(40);
    await client.untilEnded();
    assert.equal(proxied.stat("tcp.in.max_downstream_connection_duration"), 1);
  });
});

describe("backoff_options of tcp_proxy", () => {
  const backOff = (more: object = {}) => ({
    max_connect_attempts: 4,
    backoff_options: { base_interval: "1s", max_interval: "3s", ...more },
  });
  const failed = "cluster.app.upstream_cx_connect_fail";

  it("lets attempts wait, twice as long each time up to the maximum", async (t) => {
    const clock = new FakeClock();
    const random = { ...fixedRandom, fraction: () => 0.999 };
    const proxied = await TcpProxied.start(t, { port: 1, clock, random, proxy: backOff() });
    const client = await proxied.tcp.client();
    for (const [attempt, waitMs] of [
      [1, 999],
      [2, 1998],
      [3, 2997],
    ] as const) {
      await until(`attempt ${attempt}`, () => proxied.stat(failed) === attempt);
      clock.advance(waitMs - 20);
      assert.equal(proxied.stat("cluster.app.upstream_cx_total"), attempt);
      clock.advance(40);
      assert.equal(proxied.stat("cluster.app.upstream_cx_total"), attempt + 1);
    }
    await client.untilEnded();
    const [line] = await proxied.logged();
    assert.equal(line?.flags, "UF,URX");
    assert.equal(proxied.stat(failed), 4);
  });

  it("makes no attempt for a connection that has ended meanwhile", async (t) => {
    const clock = new FakeClock();
    const proxy = { ...backOff({ base_interval: "2s" }), max_downstream_connection_duration: "0.1s" };
    const random = { ...fixedRandom, fraction: () => 0.999 };
    const proxied = await TcpProxied.start(t, { port: 1, clock, random, proxy });
    const client = await proxied.tcp.client();
    await until("the first attempt", () => proxied.stat(failed) === 1);
    clock.advance(120);
    await client.untilEnded();
    assert.equal((await proxied.logged())[0]?.flags, "UF,DT");
    clock.advance(5000);
    assert.equal(proxied.stat("cluster.app.upstream_cx_total"), 1);
    assert.equal(clock.timers.armedCount, 0);
  });

  it("refuses intervals that make no sense", async (t) => {
    const start = (more: object) => TcpProxied.start(t, { proxy: backOff(more) });
    await assert.rejects(start({ max_interval: "0.5s" }), /max_interval: must not be less than base_interval/);
    await assert.rejects(start({ base_interval: undefined }), /base_interval/);
  });
});
