import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { until } from "../../../../harness/until.ts";
import { networkFilter, TcpPath, tcpConfig } from "../tcp-path.ts";

const STATS = "connection_limit.db";

function start(test: TestContext, fields: object, clock?: FakeClock): Promise<TcpPath> {
  const limit = networkFilter("connection_limit", "ConnectionLimit", { stat_prefix: "db", ...fields });
  return TcpPath.start(test, tcpConfig([limit, networkFilter("echo", "Echo")]), clock === undefined ? {} : { clock });
}

describe("envoy.filters.network.connection_limit", () => {
  it("lets so many connections through at a time and closes the others at once", async (t) => {
    const tcp = await start(t, { max_connections: 1 });
    const first = await tcp.client();
    first.write("a");
    await first.untilText("a");
    const second = await tcp.client();
    await second.untilEnded();
    assert.equal(tcp.stat(`${STATS}.limited_connections`), 1);
    assert.equal(tcp.stat(`${STATS}.active_connections`), 1);
    first.end();
    await until("the end of the first", () => tcp.stat(`${STATS}.active_connections`) === 0);
    const third = await tcp.client();
    third.write("c");
    await third.untilText("c");
  });

  it("keeps a connection too many open and unread for the delay", async (t) => {
    const clock = new FakeClock();
    const tcp = await start(t, { max_connections: 1, delay: "2s" }, clock);
    const first = await tcp.client();
    first.write("a");
    await first.untilText("a");
    const second = await tcp.client();
    second.write("b");
    await until("its count", () => tcp.stat(`${STATS}.limited_connections`) === 1);
    clock.advance(1_980);
    assert.equal(second.closed, false);
    clock.advance(40);
    await until("its end", () => second.ended || second.closed);
    assert.equal(second.text, "");
  });

  it("lets everything through when it is switched off", async (t) => {
    const tcp = await start(t, { max_connections: 1, runtime_enabled: { default_value: false, runtime_key: "k" } });
    for (const client of [await tcp.client(), await tcp.client()]) {
      client.write("a");
      await client.untilText("a");
    }
    assert.equal(tcp.stat(`${STATS}.active_connections`), 0);
  });

  it("does not go on counting what the filters behind it never saw", async (t) => {
    const limit = networkFilter("connection_limit", "ConnectionLimit", { stat_prefix: "db", max_connections: 1 });
    const manager = networkFilter("http_connection_manager", "HttpConnectionManager", {
      stat_prefix: "http",
      route_config: { virtual_hosts: [] },
      http_filters: [{ name: "envoy.filters.http.router" }],
    });
    const tcp = await TcpPath.start(t, tcpConfig([limit, manager]));
    const first = await tcp.client();
    await until("the first", () => tcp.stat("http.http.downstream_cx_active") === 1);
    await (await tcp.client()).untilEnded();
    assert.equal(tcp.stat("http.http.downstream_cx_active"), 1);
    first.destroy();
    await until("the end of the first", () => tcp.stat("http.http.downstream_cx_active") === 0);
  });

  it("needs max_connections", async (t) => {
    await assert.rejects(start(t, {}), /max_connections: is required/);
  });
});
