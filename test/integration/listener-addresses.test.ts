import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { requestOnce } from "../harness/http1-client.ts";
import { answerRoute, loopback, pipe, sampleBootstrap } from "../harness/sample-bootstrap.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";

/** A proxy whose listener answers and says in headers from and to where a request came. */
async function start(t: TestContext, address: object, more: object = {}): Promise<RunningProxy> {
  const header = (key: string, value: string) => ({ header: { key, value } });
  const route = {
    ...answerRoute("here"),
    response_headers_to_add: [
      header("x-local", "%DOWNSTREAM_LOCAL_ADDRESS%"),
      header("x-remote", "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"),
    ],
  };
  const config = sampleBootstrap({ listeners: [{ address, routes: [route], more: { stat_prefix: "in", ...more } }] });
  return startTestProxy(t, { config, concurrency: 2 });
}

async function boundPorts(proxy: RunningProxy): Promise<number[]> {
  const answer = JSON.parse((await proxy.admin("/listeners?format=json")).body);
  const [{ local_address: first, additional_local_addresses: more = [] }] = answer.listener_statuses;
  return [first, ...more].flatMap(({ socket_address: bound }) => bound?.port_value ?? []);
}

/** The local and remote address of a request to `port` of `host`, as the proxy saw them. */
async function seen(host: string, port: number): Promise<readonly (string | undefined)[]> {
  const socket = net.connect({ host, port });
  socket.end("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
  let text = "";
  for await (const chunk of socket) text += chunk;
  return [/x-local: (.*)\r/.exec(text)?.[1], /x-remote: (.*)\r/.exec(text)?.[1]];
}

/** Kind and remaining time of the timer of the proxy's side of a connection, from Linux's table of TCP sockets. */
function kernelTimer(proxyPort: number, clientPort: number): { readonly kind: string; readonly seconds: number } {
  const hex = (port: number) => port.toString(16).toUpperCase().padStart(4, "0");
  const lines = readFileSync("/proc/net/tcp", "utf8").split("\n");
  const line = lines.find((each) => each.includes(`:${hex(proxyPort)} 0100007F:${hex(clientPort)} `)) ?? "";
  const [kind = "", when = ""] = (line.trim().split(/\s+/)[5] ?? "").split(":");
  return { kind, seconds: Number.parseInt(when, 16) / 100 };
}

describe("The addresses of a listener", () => {
  it("may be of IPv4, of IPv6 and of Unix-domain sockets at once", async (t) => {
    const file = path.join(tmpdir(), `troupe-${process.pid}.sock`);
    const ipv6 = { socket_address: { address: "::1", port_value: 0 } };
    const additional = [{ address: ipv6 }, { address: pipe(file) }];
    const proxy = await start(t, loopback(0), { additional_addresses: additional });
    const [ipv4Port = 0, ipv6Port = 0] = await boundPorts(proxy);
    assert.deepEqual(await seen("127.0.0.1", ipv4Port), [`127.0.0.1:${ipv4Port}`, "127.0.0.1"]);
    assert.deepEqual(await seen("::1", ipv6Port), [`[::1]:${ipv6Port}`, "::1"]);
    const answer = await requestOnce(file);
    assert.deepEqual([answer.status, answer.header("x-local")], [200, file]);
    await proxy.untilStat("listener.in.downstream_cx_total", 3);
    assert.match((await proxy.admin("/listeners")).body, new RegExp(`^ingress::\\[::1\\]:${ipv6Port}$`, "m"));
  });

  it("are for both families with ipv4_compat: an IPv4 peer is known by its IPv4 address", async (t) => {
    const all = { socket_address: { address: "::", port_value: 0, ipv4_compat: true } };
    const proxy = await start(t, all);
    const [port = 0] = await boundPorts(proxy);
    assert.deepEqual(await seen("127.0.0.1", port), [`127.0.0.1:${port}`, "127.0.0.1"]);
    assert.deepEqual(await seen("::1", port), [`[::1]:${port}`, "::1"]);
  });

  it("are for IPv6 alone without it", async (t) => {
    const proxy = await start(t, { socket_address: { address: "::", port_value: 0 } });
    const [port = 0] = await boundPorts(proxy);
    assert.deepEqual(await seen("::1", port), [`[::1]:${port}`, "::1"]);
    await assert.rejects(seen("127.0.0.1", port), { code: "ECONNREFUSED" });
  });
});

describe("Socket options", () => {
  const keepAlive = [
    { level: 1, name: 9, int_value: 1 },
    { level: 6, name: 4, int_value: 300 },
  ];

  for (const [how, more] of [
    ["accepted by workers", {}],
    ["handed out by the main thread", { connection_balance_config: { exact_balance: {} } }],
  ] as const) {
    it(`are set on connections ${how}`, async (t) => {
      const proxy = await start(t, loopback(0), { socket_options: keepAlive, ...more });
      const client = net.connect(proxy.port(), "127.0.0.1");
      t.after(() => client.destroy());
      client.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      await new Promise((resolve) => client.once("data", resolve));
      const { localPort: clientPort = 0 } = client;
      await proxy.until("an idle socket", async () => kernelTimer(proxy.port(), clientPort).kind === "02");
      const { seconds } = kernelTimer(proxy.port(), clientPort);
      assert.ok(seconds > 240 && seconds <= 301, `${seconds} s`);
    });
  }

  it("may change without touching connections", async (t) => {
    const proxy = await start(t, loopback(0));
    const client = net.connect(proxy.port(), "127.0.0.1");
    t.after(() => client.destroy());
    const ask = async () => {
      client.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
      await new Promise((resolve) => client.once("data", resolve));
    };
    await ask();
    const config = sampleBootstrap({
      listeners: [{ routes: [answerRoute("new")], more: { stat_prefix: "in", socket_options: keepAlive } }],
    });
    const port = proxy.port();
    assert.equal((await proxy.reload(config)).status, 200);
    await ask();
    const second = net.connect(port, "127.0.0.1");
    t.after(() => second.destroy());
    second.write("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await new Promise((resolve) => second.once("data", resolve));
    await proxy.until("an idle socket", async () => kernelTimer(port, second.localPort ?? 0).kind === "02");
    assert.notEqual(kernelTimer(port, client.localPort ?? 0).kind, "02");
  });
});
