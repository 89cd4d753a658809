import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { until } from "../../../../harness/until.ts";
import { TcpProxied } from "./tcp-proxied.ts";

describe("The times of envoy.filters.network.tcp_proxy", () => {
  it("close a connection that was idle too long, on both sides", async (t) => {
    const clock = new FakeClock();
    const proxied = await TcpProxied.start(t, { clock, proxy: { idle_timeout: "60s" } });
    const { client, server } = await proxied.pair();
    await until("the upstream's connection", () => proxied.stat("cluster.app.upstream_rq_active") === 1);
    clock.advance(50_000);
    client.write("a");
    await server.untilText("a");
    clock.advance(50_000);
    server.write("b");
    await client.untilText("b");
    clock.advance(59_900);
    assert.equal(proxied.stat("tcp.in.idle_timeout"), 0);
    clock.advance(200);
    await client.untilEnded();
    await server.untilEnded();
    assert.equal(proxied.stat("tcp.in.idle_timeout"), 1);
  });

  it("let a connection be idle for an hour unless told otherwise, and for ever with 0", async (t) => {
    for (const [proxy, closed] of [
      [{}, 1],
      [{ idle_timeout: "0s" }, 0],
    ] as const) {
      const clock = new FakeClock();
      const proxied = await TcpProxied.start(t, { clock, proxy });
      await proxied.pair();
      await until("the upstream's connection", () => proxied.stat("cluster.app.upstream_rq_active") === 1);
      clock.advance(3_599_000);
      assert.equal(proxied.stat("tcp.in.idle_timeout"), 0);
      clock.advance(1_100);
      assert.equal(proxied.stat("tcp.in.idle_timeout"), closed);
    }
  });

  it("end a connection at its greatest age with DT", async (t) => {
    const clock = new FakeClock();
    const proxied = await TcpProxied.start(t, { clock, proxy: { max_downstream_connection_duration: "5s" } });
    const { client } = await proxied.pair();
    clock.advance(5_020);
    await client.untilEnded();
    const [line] = await proxied.logged();
    assert.equal(line?.flags, "DT");
    assert.equal(proxied.stat("tcp.in.max_downstream_connection_duration"), 1);
  });

  it("write access-log lines when connected, at each interval, and at the end", async (t) => {
    const clock = new FakeClock();
    const access_log_options = { flush_access_log_on_connected: true, access_log_flush_interval: "10s" };
    const proxied = await TcpProxied.start(t, { clock, proxy: { access_log_options } });
    const { client, server } = await proxied.pair();
    await proxied.logged(1);
    clock.advance(20_050);
    assert.equal(proxied.tcp.path.logged.length, 3);
    client.end();
    server.end();
    const lines = await proxied.logged(4);
    assert.deepEqual(
      lines.map(({ type }) => type),
      ["TcpUpstreamConnected", "TcpPeriodic", "TcpPeriodic", "TcpConnectionEnd"],
    );
    const { info } = lines[3]!;
    assert.equal(info.upstream?.hostAddress, `127.0.0.1:${proxied.upstream.port}`);
    assert.equal(info.upstream?.clusterName, "app");
    assert.equal(info.protocol, "");
  });
});
