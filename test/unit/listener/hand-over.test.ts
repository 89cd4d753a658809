import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { afterEach, beforeEach, describe, it } from "node:test";
import { bindSocket } from "../../../src/listener/bind-socket.ts";
import { listeningSocketSpecs } from "../../../src/listener/listening-socket-spec.ts";
import type { HandedServer, ServerCount } from "../../../src/listener/listening-sockets.ts";
import { HandlerThread } from "./handler-threads.ts";
import { listenerSample } from "./listener-sample.ts";

const CONNECTS = 200;

/** Connects, sends one byte and wants it back. Rejects if the connection is refused, reset or closed. */
async function echoOnce(port: number): Promise<net.Socket> {
  const socket = net.connect(port, "127.0.0.1");
  socket.write("x");
  await new Promise<void>((resolve, reject) => {
    socket.once("data", () => resolve());
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("closed")));
  });
  return socket;
}

describe("Handing listening sockets over", () => {
  let threads: readonly [HandlerThread, HandlerThread];
  const data = listenerSample("a");
  const spec = listeningSocketSpecs(data)[0]!;
  let port = 0;

  beforeEach(async () => {
    threads = [new HandlerThread(0), new HandlerThread(1)];
    port = 0;
    for (const thread of threads) {
      const socket = bindSocket(spec, { port, ours: true });
      port = socket.address().port;
      const applied = await thread.ask({ type: "apply", data, sockets: [{ key: spec.key, socket }] }, [socket]);
      assert.equal(applied.type, "applied");
    }
  });

  afterEach(async () => {
    for (const thread of threads) await thread.stop();
  });

  /** Moves servers from one thread to another, by way of this one, within one event. Returns how many. */
  async function move(
    from: HandlerThread,
    to: HandlerThread,
    servers: "all" | readonly ServerCount[],
  ): Promise<number> {
    from.send({ type: "give", servers });
    const [given] = (await once(from.worker, "message")) as [{ readonly servers: readonly HandedServer[] }];
    const moved = given.servers.map(({ server }) => server);
    await to.ask({ type: "adopt", servers: given.servers }, moved);
    return moved.length;
  }

  it(`loses none of ${CONNECTS} connects while the sockets go from worker to worker`, async () => {
    const first: Promise<net.Socket>[] = [];
    for (let i = 0; i < CONNECTS / 2; i++) first.push(echoOnce(port));
    assert.equal(await move(threads[1], threads[0], "all"), 1);
    const second: Promise<net.Socket>[] = [];
    for (let i = 0; i < CONNECTS / 2; i++) second.push(echoOnce(port));
    assert.equal(await move(threads[0], threads[1], "all"), 2);
    const results = await Promise.allSettled([...first, ...second]);
    assert.deepEqual(
      results.filter((result) => result.status === "rejected"),
      [],
    );
    for (const result of results) if (result.status === "fulfilled") result.value.destroy();
  });

  it("gives so many as it is asked for, and no more than it has", async () => {
    await move(threads[0], threads[1], "all");
    assert.equal(await move(threads[1], threads[0], [{ key: spec.key, count: 1 }]), 1);
    assert.equal(await move(threads[1], threads[0], [{ key: "unknown", count: 1 }]), 0);
    assert.equal(await move(threads[1], threads[0], [{ key: spec.key, count: 5 }]), 1);
    const sockets = await Promise.all(Array.from({ length: 20 }, () => echoOnce(port)));
    for (const socket of sockets) socket.destroy();
  });
});

describe("Handing an accepted connection to a worker", () => {
  it("serves it there, and tells when it has ended", async () => {
    const thread = new HandlerThread(0);
    const data = listenerSample("a", { balance: "exact" });
    await thread.ask({ type: "apply", data, sockets: [] });
    const { key } = listeningSocketSpecs(data)[0]!;
    const server = net.createServer({ pauseOnConnect: true, noDelay: true, allowHalfOpen: true }, (socket) =>
      thread.send({ type: "acceptSocket", key, socket }, [socket]),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = await echoOnce((server.address() as net.AddressInfo).port);
    client.destroy();
    const [event] = await once(thread.worker, "message");
    assert.deepEqual(event, { type: "closed" });
    server.close();
    await thread.stop();
  });

  it("closes it when no listener has that key", async () => {
    const thread = new HandlerThread(0);
    const server = net.createServer({ pauseOnConnect: true }, (socket) =>
      thread.send({ type: "acceptSocket", key: "unknown", socket }, [socket]),
    );
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const closed = once(thread.worker, "message");
    await assert.rejects(echoOnce((server.address() as net.AddressInfo).port));
    assert.deepEqual((await closed)[0], { type: "closed" });
    server.close();
    await thread.stop();
  });
});
