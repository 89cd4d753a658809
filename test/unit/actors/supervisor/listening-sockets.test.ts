import assert from "node:assert/strict";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { describe, it } from "node:test";
import { ListeningSockets, type SocketPlan } from "../../../../actors/supervisor/listening-sockets.ts";
import { silentLogger } from "../../../../src/base/log.ts";
import type { ListeningSocketSpec } from "../../../../src/listener/listening-socket-spec.ts";

const tcp = (key: string, more: Partial<ListeningSocketSpec> = {}): ListeningSocketSpec => ({
  key,
  listener: key,
  protocol: "tcp",
  address: { type: "ip", ip: "127.0.0.1", port: 0 },
  ipv6Only: false,
  backlog: 128,
  balance: "reusePort",
  reusePort: true,
  inbound: false,
  ...more,
});
const pipe = (key: string): ListeningSocketSpec => tcp(key, { address: { type: "pipe", path: "/tmp/x", mode: 0 } });

function sockets(handOut: (key: string, socket: Socket) => void = () => {}): ListeningSockets {
  return new ListeningSockets(handOut, silentLogger);
}

const kinds = (plan: SocketPlan): Record<string, string[]> =>
  Object.fromEntries([...plan.perWorker].map(([worker, given]) => [worker, given.map((socket) => socket.kind)]));

describe("ListeningSockets", () => {
  it("binds one socket per worker, all on the port that the first one got", () => {
    const subject = sockets();
    const plan = subject.plan([tcp("one")], ["worker-1", "worker-2"]);
    assert.deepEqual(kinds(plan), { "worker-1": ["bound"], "worker-2": ["bound"] });
    const ports = [...plan.perWorker.values()].flat().map((given) => {
      return given.kind === "bound" ? given.socket.address().port : undefined;
    });
    assert.equal(ports[0], ports[1]);
    plan.commit();
    const [status] = subject.status();
    assert.deepEqual(status?.address, { type: "ip", ip: "127.0.0.1", port: ports[0] });
    assert.deepEqual(status.holders, [
      { worker: "worker-1", sockets: 1 },
      { worker: "worker-2", sockets: 1 },
    ]);
    plan.abort();
  });

  it("gives only what a worker lacks", () => {
    const subject = sockets();
    const first = subject.plan([tcp("one")], ["worker-1"]);
    first.commit();
    const second = subject.plan([tcp("one"), tcp("two")], ["worker-1", "worker-2"]);
    assert.deepEqual(kinds(second), { "worker-1": ["bound"], "worker-2": ["bound", "bound"] });
    first.abort();
    second.abort();
  });

  it("forgets addresses that are not in force any more", () => {
    const subject = sockets();
    const plan = subject.plan([tcp("one")], ["worker-1"]);
    plan.commit();
    plan.abort();
    subject.plan([], ["worker-1"]).commit();
    assert.deepEqual(subject.status(), []);
  });

  it("closes what it bound when one address can't be", () => {
    const subject = sockets();
    const bad = tcp("bad", { address: { type: "ip", ip: "192.0.2.1", port: 0 } });
    assert.throws(
      () => subject.plan([tcp("one"), bad], ["worker-1"]),
      /^Error: cannot bind 192\.0\.2\.1:0 for listener "bad": this machine has no such address$/,
    );
    assert.deepEqual(subject.status(), []);
  });

  it("has a new worker adopt what another holds twice", () => {
    const subject = sockets();
    const first = subject.plan([tcp("one")], ["worker-1", "worker-2"]);
    first.commit();
    subject.moved("one", "worker-2", "worker-1");
    assert.deepEqual(subject.surplusFor("worker-3"), [{ from: "worker-1", server: { key: "one", count: 1 } }]);
    const plan = subject.plan([tcp("one")], ["worker-3"]);
    assert.deepEqual(kinds(plan), { "worker-3": ["adopted"] });
    plan.commit();
    // Counted only when it has moved.
    assert.deepEqual(subject.status()[0]?.holders, [{ worker: "worker-1", sockets: 2 }]);
    subject.moved("one", "worker-1", "worker-3");
    assert.deepEqual(subject.surplusFor("worker-3"), []);
    assert.equal(subject.fewest("one", ["worker-1", "worker-4"]), "worker-4");
    first.abort();
  });

  it("gives a Unix-domain socket to the first worker only, and to the next when that one is gone", () => {
    const subject = sockets();
    const plan = subject.plan([pipe("one")], ["worker-1", "worker-2"]);
    assert.deepEqual(kinds(plan), { "worker-1": ["pipe"], "worker-2": [] });
    plan.commit();
    assert.deepEqual(kinds(subject.plan([pipe("one")], ["worker-3"])), { "worker-3": [] });
    assert.deepEqual(subject.orphans(), []);
    subject.forget("worker-1");
    assert.deepEqual(subject.orphans(), ["one"]);
    assert.deepEqual(kinds(subject.plan([pipe("one")], ["worker-2"])), { "worker-2": ["pipe"] });
  });

  it("gives a worker that starts after a drain nothing of what was closed, but new listeners", () => {
    const subject = sockets();
    const specs = [tcp("in", { inbound: true }), tcp("out"), tcp("exact", { balance: "exact" }), pipe("pipe")];
    const first = subject.plan(specs, ["worker-1"]);
    first.commit();
    const states = () => subject.status().map(({ key, state }) => `${key} ${state}`);
    subject.drain("draining", true);
    assert.deepEqual(states(), ["in draining", "out open", "exact open", "pipe open"]);
    assert.deepEqual(kinds(subject.plan([specs[3]!, specs[0]!], ["worker-2"])), { "worker-2": ["bound"] });
    subject.drain("closed", true);
    assert.deepEqual(kinds(subject.plan(specs.slice(0, 1), ["worker-2"])), { "worker-2": [] });
    subject.drain("closed", false);
    subject.drain("draining", false);
    assert.deepEqual(states(), ["in closed", "out closed", "exact closed", "pipe closed"]);
    assert.deepEqual(subject.orphans(), []);
    const more = subject.plan([...specs, tcp("new")], ["worker-1", "worker-2"]);
    assert.deepEqual(kinds(more), { "worker-1": ["bound"], "worker-2": ["bound"] });
    more.commit();
    assert.deepEqual(states(), ["in closed", "out closed", "exact closed", "pipe closed", "new open"]);
    first.abort();
    more.abort();
  });

  it("accepts here for an exactly balanced listener, from the commit on", async () => {
    const accepted = Promise.withResolvers<string>();
    const subject = sockets((key, socket) => {
      accepted.resolve(key);
      socket.destroy();
    });
    const plan = subject.plan([tcp("one", { balance: "exact" })], ["worker-1"]);
    assert.deepEqual(kinds(plan), { "worker-1": ["handedOut"] });
    plan.commit();
    const address = subject.status()[0]?.address;
    const client = connect(address?.type === "ip" ? address.port : 0, "127.0.0.1");
    assert.equal(await accepted.promise, "one");
    client.on("error", () => {});
    if (!client.closed) await once(client.resume(), "close");
    subject.close();
  });
});
