import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { DataPath, RECORDED_ACCESS_LOG } from "../../../../harness/data-path.ts";
import { FakeClock } from "../../../../harness/fake-clock.ts";
import { loopback, sampleBootstrap, sampleCluster } from "../../../../harness/sample-bootstrap.ts";
import { TcpPeer, TcpUpstream } from "../../../../harness/tcp-peer.ts";
import { until } from "../../../../harness/until.ts";

const GET = "GET /a HTTP/1.1\r\nhost: t\r\n\r\n";
const OK = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/** A request that has reached its upstream and waits for the answer. */
async function scene(t: TestContext, manager: object, request = GET) {
  const clock = new FakeClock();
  const upstream = await TcpUpstream.start();
  const routes = [{ match: { prefix: "/" }, route: { cluster: "app" } }];
  const path = await DataPath.start(
    sampleBootstrap({
      listeners: [{ routes, manager: { access_log: RECORDED_ACCESS_LOG, ...manager } }],
      clusters: [sampleCluster("app", [loopback(upstream.port)])],
    }),
    { clock },
  );
  t.after(async () => {
    path.stop();
    await upstream.close();
  });
  const client = await TcpPeer.connect(path.port);
  t.after(() => client.destroy());
  client.write(request);
  const server = await upstream.connection();
  await until("the request", () => server.text.endsWith("\r\n\r\n"));
  const types = () => path.logged.map(({ type }) => type);
  return { path, client, server, clock, types };
}

describe("Access log lines of a connection manager", () => {
  it("are one, at the end, unless more are asked for", async (t) => {
    const { client, server, clock, types } = await scene(t, {});
    clock.advance(9_000);
    server.write(OK);
    await until("the answer", () => client.text.endsWith("ok"));
    assert.deepEqual(types(), ["DownstreamEnd"]);
  });

  it("begin with the request, come with each interval, and end with the stream", async (t) => {
    const access_log_options = { flush_access_log_on_new_request: true, access_log_flush_interval: "3s" };
    const { client, server, clock, types } = await scene(t, { access_log_options });
    assert.deepEqual(types(), ["DownstreamStart"]);
    clock.advance(3_000);
    await until("a periodic line", () => types().length === 2);
    clock.advance(3_000);
    await until("another", () => types().length === 3);
    server.write(OK);
    await until("the answer", () => client.text.endsWith("ok"));
    clock.advance(60_000);
    assert.deepEqual(types(), ["DownstreamStart", "DownstreamPeriodic", "DownstreamPeriodic", "DownstreamEnd"]);
  });

  it("are asked for by the deprecated fields as well", async (t) => {
    const { types } = await scene(t, { flush_access_log_on_new_request: true });
    assert.deepEqual(types(), ["DownstreamStart"]);
  });

  it("say when a tunnel is established", async (t) => {
    const manager = {
      upgrade_configs: [{ upgrade_type: "websocket" }],
      access_log_options: { flush_log_on_tunnel_successfully_established: true },
    };
    const ask = "GET /chat HTTP/1.1\r\nhost: t\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n";
    const { client, server, types } = await scene(t, manager, ask);
    server.write("HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n");
    await until("the answer", () => client.text.endsWith("\r\n\r\n"));
    assert.deepEqual(types(), ["DownstreamTunnelSuccessfullyEstablished"]);
  });
});
