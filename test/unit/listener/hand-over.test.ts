import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { after, before, describe, it } from "node:test";
import { silentLogger } from "../../../src/base/log.ts";
import { BalancedAcceptor } from "../../../src/listener/balanced-acceptor.ts";
import { SocketBinder } from "../../../src/listener/socket-binder.ts";
import { until } from "../../harness/until.ts";
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
  const threads = [new HandlerThread(0), new HandlerThread(1)] as const;
  const binder = new SocketBinder();
  let port = 0;

  before(async () => {
    const data = listenerSample("a");
    const prepared = binder.prepare([data], 2);
    const address = prepared.addresses.get("a")?.[0];
    port = address?.type === "ip" ? address.port : 0;
    for (const [index, thread] of threads.entries()) {
      const sockets = prepared.workers[index]!;
      const moved = sockets.map(({ socket }) => socket);
      assert.equal((await thread.ask({ type: "apply", data, sockets }, moved)).type, "applied");
    }
    prepared.commit();
  });

  after(async () => {
    for (const thread of threads) await thread.stop();
    binder.close();
  });

  /** Moves servers from one thread to another, by way of this one, within one event. */
  async function move(from: HandlerThread, to: HandlerThread, keep: number): Promise<number> {
    from.send({ type: "give", keep, limit: Number.POSITIVE_INFINITY });
    const [given] = await once(from.worker, "message");
    const moved = (given.servers as { server: net.Server }[]).map(({ server }) => server);
    await to.ask({ type: "adopt", servers: given.servers }, moved);
    return moved.length;
  }

  it(`loses none of ${CONNECTS} connects while the sockets go from worker to worker`, async () => {
    const first: Promise<net.Socket>[] = [];
    for (let i = 0; i < CONNECTS / 2; i++) first.push(echoOnce(port));
    assert.equal(await move(threads[1], threads[0], 0), 1);
    const second: Promise<net.Socket>[] = [];
    for (let i = 0; i < CONNECTS / 2; i++) second.push(echoOnce(port));
    assert.equal(await move(threads[0], threads[1], 0), 2);
    const results = await Promise.allSettled([...first, ...second]);
    const lost = results.filter((result) => result.status === "rejected");
    assert.deepEqual(lost, []);
    for (const result of results) if (result.status === "fulfilled") result.value.destroy();
  });

  it("gives only what a worker has more than one of, when asked to keep one", async () => {
    assert.equal(await move(threads[1], threads[0], 1), 1);
    assert.equal(await move(threads[1], threads[0], 1), 0);
    const sockets = await Promise.all(Array.from({ length: 20 }, () => echoOnce(port)));
    for (const socket of sockets) socket.destroy();
  });
});

describe("Balancing connections exactly", () => {
  it("spreads connections evenly over worker threads and counts those that close", async () => {
    const acceptor = new BalancedAcceptor(2, silentLogger);
    const binder = new SocketBinder();
    const data = listenerSample("a", { balance: "exact" });
    const prepared = binder.prepare([data], 2);
    const threads = [0, 1].map((index) => new HandlerThread(index, acceptor.counts));
    for (const thread of threads) await thread.ask({ type: "apply", data, sockets: [] });
    acceptor.setTargets(
      threads.map((thread, workerIndex) => ({
        workerIndex,
        give: (key, socket) => thread.send({ type: "acceptSocket", key, socket }, [socket]),
      })),
    );
    const [handed] = prepared.main;
    const port = handed?.socket.address().port ?? 0;
    acceptor.listen(handed!, 128);
    prepared.commit();
    const sockets: net.Socket[] = [];
    for (let i = 0; i < 10; i++) sockets.push(await echoOnce(port));
    assert.deepEqual([...acceptor.counts], [5, 5]);
    for (const socket of sockets) socket.destroy();
    await until("all to be closed", () => acceptor.counts.every((count) => count === 0));
    for (const thread of threads) await thread.stop();
    acceptor.close();
    binder.close();
  });

  it("closes connections while there is nobody to take them", async () => {
    const acceptor = new BalancedAcceptor(1, silentLogger);
    const socket = new net.BoundSocket({ host: "127.0.0.1" });
    const { port } = socket.address();
    acceptor.listen({ key: "k", socket }, 128);
    await assert.rejects(echoOnce(port));
    acceptor.close("k");
  });

  it("forgets the connections of a worker that is gone", () => {
    const acceptor = new BalancedAcceptor(2, silentLogger);
    acceptor.counts.set([3, 4]);
    acceptor.workerGone(1);
    assert.deepEqual([...acceptor.counts], [3, 0]);
  });
});
