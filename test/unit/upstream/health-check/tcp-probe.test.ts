import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { describe, it, type TestContext } from "node:test";
import type { ProbeResult } from "../../../../src/upstream/health-check/probe.ts";
import { TcpProbe } from "../../../../src/upstream/health-check/tcp-probe.ts";
import { until } from "../../../harness/until.ts";

const SUCCESS = { ok: true, degraded: false };
const NETWORK = { ok: false, failure: "NETWORK", retriable: false };

import { plainTarget } from "./health-check-fixture.ts";

interface Scene {
  readonly probe: TcpProbe;
  readonly server: net.Server;
  readonly received: string[];
  check(): Promise<ProbeResult>;
  accepted: number;
  /** Of the connection that was heard last. */
  clientPort: number;
}

async function scene(
  t: TestContext,
  reply: string | null,
  { send = "", receive = [] as string[], reuse = true, proxyProtocol = null as 1 | 2 | null } = {},
): Promise<Scene> {
  const results: ProbeResult[] = [];
  const received: string[] = [];
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    made.accepted++;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("data", (data: Buffer) => {
      received.push(data.toString("latin1"));
      made.clientPort = socket.remotePort ?? 0;
      if (reply === null) socket.end();
      else socket.write(reply);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  const hex = (text: string): string => Buffer.from(text).toString("hex");
  const data = { type: "tcp", send: hex(send), receive: receive.map(hex), proxyProtocol } as const;
  const probe = new TcpProbe(data, reuse, plainTarget(port), (result) => results.push(result));
  const made: Scene = {
    probe,
    server,
    received,
    accepted: 0,
    clientPort: 0,
    async check() {
      const before = results.length;
      probe.start();
      await until("the result of a check", () => results.length > before);
      return results.at(-1)!;
    },
  };
  t.after(() => {
    probe.close();
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return made;
}

describe("TcpProbe", () => {
  it("is content with a connection if nothing is to be received", async (t) => {
    const made = await scene(t, "");
    assert.deepEqual(await made.check(), SUCCESS);
    assert.deepEqual(await made.check(), SUCCESS);
    await until("two connections", () => made.accepted === 2);
    assert.deepEqual(made.received, []);
  });

  it("sends and finds what is to be received, in order, on one connection", async (t) => {
    const made = await scene(t, "+PONG ok", { send: "PING", receive: ["PO", "ok"] });
    assert.deepEqual(await made.check(), SUCCESS);
    assert.deepEqual(await made.check(), SUCCESS);
    assert.deepEqual(made.received, ["PING", "PING"]);
    assert.equal(made.accepted, 1);
  });

  it("makes a connection for each check if it is not to be reused", async (t) => {
    const made = await scene(t, "ok", { send: "PING", receive: ["ok"], reuse: false });
    await made.check();
    await made.check();
    assert.equal(made.accepted, 2);
  });

  it("begins each connection with a line of the PROXY protocol that names its own ends", async (t) => {
    const made = await scene(t, "ok", { send: "PING", receive: ["ok"], proxyProtocol: 1 });
    const { port } = made.server.address() as net.AddressInfo;
    assert.deepEqual(await made.check(), SUCCESS);
    await until("header and payload", () => made.received.join("").endsWith("PING"));
    assert.equal(made.received.join(""), `PROXY TCP4 127.0.0.1 127.0.0.1 ${made.clientPort} ${port}\r\nPING`);
    assert.deepEqual(await made.check(), SUCCESS);
    await until("the second payload", () => made.received.join("").endsWith("PINGPING"));
    assert.equal(made.accepted, 1);
  });

  it("says by version 2 that it is local, also where nothing else is sent", async (t) => {
    const made = await scene(t, "", { proxyProtocol: 2 });
    assert.deepEqual(await made.check(), SUCCESS);
    await until("a header", () => made.received.join("").length === 16);
    assert.equal(Buffer.from(made.received.join(""), "latin1").toString("hex"), "0d0a0d0a000d0a515549540a20000000");
  });

  it("fails when the host ends the connection or nobody listens", async (t) => {
    const made = await scene(t, null, { send: "PING", receive: ["ok"] });
    assert.deepEqual(await made.check(), NETWORK);
    assert.equal(made.probe.why, "the host closed the connection");
    made.server.close();
    assert.deepEqual(await made.check(), NETWORK);
    assert.equal(made.probe.why, "connection refused");
  });
});
