import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { WebSocket, WebSocketServer } from "ws";
import { loopback, sampleBootstrap, sampleCluster } from "../harness/sample-bootstrap.ts";
import { type RunningProxy, startProxy } from "../harness/start-proxy.ts";
import { until } from "../harness/until.ts";

interface Scene {
  readonly proxy: RunningProxy;
  /** Opens a WebSocket to the proxy. */
  connect(): Promise<WebSocket>;
  config(more: object): object;
}

/** A proxy of two workers before a WebSocket server that echoes. */
async function scene(t: TestContext): Promise<Scene> {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  server.on("connection", (socket) => {
    socket.on("error", () => {});
    socket.on("message", (data, binary) => socket.send(data, { binary }));
  });
  await once(server, "listening");
  const clusters = [sampleCluster("app", [loopback((server.address() as AddressInfo).port)])];
  const config = (more: object): object =>
    sampleBootstrap({
      clusters,
      listeners: [{ manager: { upgrade_configs: [{ upgrade_type: "websocket" }], ...more } }],
    });
  const proxy = await startProxy({ config: config({}), concurrency: 2, args: ["--drain-time-s", "4"] });
  t.after(async () => {
    await proxy.kill();
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  const connect = async (): Promise<WebSocket> => {
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port()}/echo`);
    t.after(() => socket.terminate());
    await once(socket, "open");
    return socket;
  };
  return { proxy, connect, config };
}

/** Sends a message and resolves with its echo. */
async function echo(socket: WebSocket, message: string | Buffer): Promise<string> {
  const answer = once(socket, "message");
  socket.send(message);
  return String((await answer)[0]);
}

describe("A WebSocket through the proxy", () => {
  it("carries messages of any size both ways, and its end with code and reason", async (t) => {
    const { proxy, connect } = await scene(t);
    const socket = await connect();
    assert.equal(await echo(socket, "hello"), "hello");
    const large = "x".repeat(3_000_000);
    assert.equal((await echo(socket, large)).length, large.length);
    const pong = once(socket, "pong");
    socket.ping("are you there");
    assert.equal(String((await pong)[0]), "are you there");
    const closed = once(socket, "close");
    socket.close(4001, "enough");
    assert.deepEqual([(await closed)[0], String((await closed)[1])], [4001, "enough"]);
    await proxy.until("no tunnel", async () => {
      const stats = await proxy.stats("downstream_cx_upgrades|upstream_cx_active");
      return (
        stats.get("http.ingress.downstream_cx_upgrades_total") === 1 &&
        stats.get("http.ingress.downstream_cx_upgrades_active") === 0 &&
        stats.get("cluster.app.upstream_cx_active") === 0
      );
    });
  });

  it("lives through a reload of its routes", async (t) => {
    const { proxy, connect, config } = await scene(t);
    const socket = await connect();
    assert.equal(await echo(socket, "before"), "before");
    const routes = { name: "ingress_routes", virtual_hosts: [{ name: "other", domains: ["other.test"], routes: [] }] };
    assert.equal((await proxy.reload(config({ route_config: routes }))).status, 200);
    assert.equal(await echo(socket, "after"), "after");
    await assert.rejects(connect(), /Unexpected server response: 4/);
  });

  it("is left alone by a drain until the drain time is over, then cut", async (t) => {
    const { proxy, connect } = await scene(t);
    const socket = await connect();
    proxy.child.kill("SIGTERM");
    await proxy.waitForLog(/draining/);
    assert.equal(await echo(socket, "still here"), "still here");
    let closed = false;
    socket.on("close", () => {
      closed = true;
    });
    await until("the end of the tunnel", () => closed);
    assert.equal(await proxy.ended(), 0);
  });
});
