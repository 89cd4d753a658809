import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { afterEach, describe, it } from "node:test";
import type { ListenerData } from "../../../src/listener/listener-data.ts";
import { SocketBindError, SocketBinder } from "../../../src/listener/socket-binder.ts";
import { listenerSample } from "./listener-sample.ts";

const cleanUps: (() => void)[] = [];

function newBinder(): SocketBinder {
  const binder = new SocketBinder();
  cleanUps.push(() => binder.close());
  return binder;
}

function at(port: number, ip = "127.0.0.1"): ListenerData["addresses"] {
  return [{ address: { type: "ip", ip, port }, ipv6Only: false }];
}

async function usedPort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanUps.push(() => server.close());
  return (server.address() as net.AddressInfo).port;
}

/** A port that nobody uses at the moment. */
function freePort(): number {
  const socket = new net.BoundSocket({ host: "127.0.0.1" });
  const { port } = socket.address();
  socket.close();
  return port;
}

function portOf(addresses: ReadonlyMap<string, readonly { type: string }[]>, name: string): number {
  const address = addresses.get(name)?.[0];
  return address !== undefined && "port" in address ? Number(address.port) : 0;
}

function bindError(work: () => unknown): readonly string[] {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof SocketBindError);
    return error.problems;
  }
  assert.fail("it bound");
}

describe("SocketBinder", () => {
  afterEach(() => {
    for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
  });

  it("binds a socket of its own for each worker, all on the port that the first one got", () => {
    const prepared = newBinder().prepare([listenerSample("a")], 3);
    const ports = prepared.workers.map(([handed]) => handed?.socket.address().port);
    assert.equal(ports.length, 3);
    assert.deepEqual(new Set(ports), new Set([portOf(prepared.addresses, "a")]));
    assert.notEqual(ports[0], 0);
    prepared.abort();
  });

  it("keeps the socket of an address that stays, and its port, whatever else changes", () => {
    const binder = newBinder();
    const first = binder.prepare([listenerSample("a")], 1);
    first.commit();
    const changed = listenerSample("a", { chains: [], bufferLimitBytes: 7 });
    const second = binder.prepare([changed, listenerSample("b")], 1);
    assert.deepEqual(
      second.workers.map((sockets) => sockets.length),
      [1],
    );
    assert.equal(portOf(second.addresses, "a"), portOf(first.addresses, "a"));
    assert.deepEqual(second.commit(), []);
    for (const prepared of [first, second]) prepared.abort();
  });

  it("gives a new worker one socket for each address in force that is not covered", () => {
    const binder = newBinder();
    const prepared = binder.prepare([listenerSample("a"), listenerSample("b")], 0);
    prepared.commit();
    const all = binder.socketsForWorker();
    assert.equal(all.length, 2);
    assert.equal(all[0]?.socket.address().port, portOf(prepared.addresses, "a"));
    const one = binder.socketsForWorker(new Set([all[0]?.key ?? ""]));
    assert.deepEqual(
      one.map(({ key }) => key),
      [all[1]?.key],
    );
    for (const { socket } of [...all, ...one]) socket.close();
  });

  it("frees everything on abort", () => {
    const port = freePort();
    newBinder()
      .prepare([listenerSample("a", { addresses: at(port) })], 2)
      .abort();
    new net.BoundSocket({ host: "127.0.0.1", port }).close();
    assert.doesNotThrow(() => new net.BoundSocket({ host: "127.0.0.1", port, reusePort: true }).close());
  });

  it("frees an address that no listener has any more, and says so", () => {
    const binder = newBinder();
    const prepared = binder.prepare([listenerSample("a")], 0);
    prepared.commit();
    const port = portOf(prepared.addresses, "a");
    assert.equal(binder.prepare([], 0).commit().length, 1);
    const listening = new net.BoundSocket({ host: "127.0.0.1", port });
    assert.equal(listening.address().port, port);
    listening.close();
  });

  it("says which address of which listener is in use, all at once, and leaves nothing bound", async () => {
    const [first, second] = [await usedPort(), await usedPort()];
    const free = freePort();
    const problems = bindError(() =>
      newBinder().prepare(
        [
          listenerSample("x", { addresses: at(first) }),
          listenerSample("ok", { addresses: at(free) }),
          listenerSample("y", { addresses: at(second), reusePort: false, balance: "exact" }),
        ],
        1,
      ),
    );
    assert.deepEqual(problems, [
      `cannot bind 127.0.0.1:${first} for listener "x": address already in use`,
      `cannot bind 127.0.0.1:${second} for listener "y": address already in use`,
    ]);
    new net.BoundSocket({ host: "127.0.0.1", port: free }).close();
  });

  it("does not share a port with a stranger that allows it", async () => {
    const stranger = net.createServer().listen({ port: 0, host: "127.0.0.1", reusePort: true });
    await once(stranger, "listening");
    cleanUps.push(() => stranger.close());
    const { port } = stranger.address() as net.AddressInfo;
    const problems = bindError(() => newBinder().prepare([listenerSample("x", { addresses: at(port) })], 1));
    assert.deepEqual(problems, [`cannot bind 127.0.0.1:${port} for listener "x": address already in use`]);
  });

  it("says when the machine has no such address", () => {
    const problems = bindError(() => newBinder().prepare([listenerSample("x", { addresses: at(1, "192.0.2.1") })], 1));
    assert.deepEqual(problems, ['cannot bind 192.0.2.1:1 for listener "x": this machine has no such address']);
  });

  it("refuses two listeners with the same address", () => {
    const port = freePort();
    const twice = ["a", "b"].map((name) => listenerSample(name, { addresses: at(port) }));
    assert.deepEqual(
      bindError(() => newBinder().prepare(twice, 1)),
      [`listener "b" has the same address as listener "a": 127.0.0.1:${port}`],
    );
  });

  it("gives the main thread the socket of a balanced listener, and workers none", () => {
    for (const reusePort of [true, false]) {
      const prepared = newBinder().prepare([listenerSample("a", { balance: "exact", reusePort })], 2);
      assert.deepEqual(
        prepared.workers.map((sockets) => sockets.length),
        [0, 0],
      );
      assert.equal(prepared.main.length, 1);
      assert.equal(prepared.main[0]?.socket.address().port, portOf(prepared.addresses, "a"));
      prepared.abort();
    }
  });

  it("leaves Unix-domain sockets to the workers", () => {
    const addresses: ListenerData["addresses"] = [{ address: { type: "pipe", path: "/x", mode: 0 }, ipv6Only: false }];
    const prepared = newBinder().prepare([listenerSample("a", { addresses })], 1);
    assert.deepEqual(prepared.workers, [[]]);
    assert.deepEqual(prepared.addresses.get("a"), [{ type: "pipe", path: "/x", mode: 0 }]);
  });
});
