import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, describe, it } from "node:test";
import type { ListenerData } from "../../../src/listener/listener-data.ts";
import { freePort } from "../../harness/free-port.ts";
import { until } from "../../harness/until.ts";
import { EchoClient, HandlerUnderTest } from "./handler-under-test.ts";
import { chainSample, filterSample, listenerSample, matchSample } from "./listener-sample.ts";

const subjects: HandlerUnderTest[] = [];

function newSubject(...args: ConstructorParameters<typeof HandlerUnderTest>): HandlerUnderTest {
  const subject = new HandlerUnderTest(...args);
  subjects.push(subject);
  return subject;
}

afterEach(() => {
  for (const subject of subjects.splice(0)) subject.dispose();
});

describe("A listener", () => {
  it("gives accepted connections to its filters, which know where they come from", async () => {
    const subject = newSubject({ workerIndex: 2 });
    await subject.apply([listenerSample("a")]);
    const client = await subject.connect("a");
    assert.equal(await client.ask("hello"), "hello");
    const { localPort } = client.socket;
    assert.equal(await client.ask("info"), `127.0.0.1:${localPort} 127.0.0.1:${subject.ports.get("a")} chain 1002`);
    const { context } = subject.filters.made[0]!;
    assert.equal(context.listenerName, "a");
    assert.equal(context.filterChainName, "chain");
  });

  it("asks the socket for its local address when it listens on all", async () => {
    const subject = newSubject();
    const addresses: ListenerData["addresses"] = [{ address: { type: "ip", ip: "0.0.0.0", port: 0 }, ipv6Only: false }];
    await subject.apply([listenerSample("a", { addresses })]);
    const client = await subject.connect("a");
    assert.match(await client.ask("info"), new RegExp(` 127\\.0\\.0\\.1:${subject.ports.get("a")} chain `));
  });

  it("counts connections while they live and when they are gone", async () => {
    const subject = newSubject();
    await subject.apply([listenerSample("a")]);
    const client = await subject.connect("a");
    const value = (name: string): number => subject.stats.value(`listener.a.${name}`);
    assert.equal(value("downstream_cx_active"), 1);
    assert.equal(value("worker_0.downstream_cx_active"), 1);
    subject.clock.advance(250);
    client.socket.end();
    await until("the close", () => subject.handler.connectionCount === 0);
    assert.deepEqual(subject.stats.nonZero(), {
      "listener.a.downstream_cx_destroy": 1,
      "listener.a.downstream_cx_total": 1,
      "listener.a.worker_0.downstream_cx_total": 1,
      "listener_manager.listener_create_success": 1,
      "listener_manager.total_listeners_active": 1,
    });
    assert.deepEqual(subject.stats.samples("listener.a.downstream_cx_length_ms"), [250]);
    assert.equal(subject.filters.closed.length, 1);
  });

  it("sees the client's reset", async () => {
    const subject = newSubject();
    await subject.apply([listenerSample("a")]);
    const client = await subject.connect("a");
    client.socket.resetAndDestroy();
    await until("the close", () => subject.handler.connectionCount === 0);
    assert.deepEqual(subject.filters.closed, [{ id: 1000, event: "remoteClose", reason: "ECONNRESET" }]);
  });

  it("uses the default chain without any other, and closes without both", async () => {
    const subject = newSubject();
    await subject.apply([
      listenerSample("rest", { chains: [], defaultChain: chainSample("rest") }),
      listenerSample("none", { chains: [] }),
    ]);
    const client = await subject.connect("rest");
    assert.match(await client.ask("info"), / rest 1000$/);
    const refused = new EchoClient(net.connect(subject.ports.get("none") ?? 0, "127.0.0.1"));
    await refused.untilClosed();
    assert.equal(subject.stats.value("listener.none.no_filter_chain_match"), 1);
    assert.equal(subject.stats.value("listener.none.downstream_cx_active"), 0);
  });

  it("closes the connections of a chain without filters", async () => {
    const subject = newSubject();
    await subject.apply([listenerSample("a", { chains: [{ ...chainSample("empty"), filters: [] }] })]);
    const refused = new EchoClient(net.connect(subject.ports.get("a") ?? 0, "127.0.0.1"));
    await refused.untilClosed();
    assert.equal(subject.stats.value("listener.a.downstream_cx_total"), 1);
    assert.equal(subject.stats.value("listener.a.no_filter_chain_match"), 0);
  });

  it("gives each connection to the chain whose conditions it meets, or to the default chain", async () => {
    const subject = newSubject();
    const chains = [
      chainSample("far", null, matchSample({ sourceType: "external" })),
      chainSample("port", null, matchSample({ sourcePorts: [1], sourceType: "sameIpOrLoopback" })),
      chainSample("range", null, matchSample({ sourceRanges: [{ address: "127.0.0.2", prefixLength: 32 }] })),
    ];
    await subject.apply([listenerSample("a", { chains, defaultChain: chainSample("rest") })]);
    const chainOf = async (from: net.TcpNetConnectOpts): Promise<string | undefined> => {
      const client = new EchoClient(net.connect(from));
      const answer = await client.ask("info");
      client.socket.destroy();
      return answer.split(" ")[2];
    };
    const to = { host: "127.0.0.1", port: subject.ports.get("a") ?? 0 };
    // What asks for the source's type comes first: a local peer never reaches the chain that asks for its range only.
    assert.equal(await chainOf({ ...to, localAddress: "127.0.0.2" }), "rest");
    assert.equal(await chainOf(to), "rest");
    await subject.apply([listenerSample("a", { chains: chains.slice(2), defaultChain: chainSample("rest") })]);
    assert.equal(await chainOf({ ...to, localAddress: "127.0.0.2" }), "range");
    assert.equal(await chainOf(to), "rest");
    assert.equal(subject.stats.value("listener.a.no_filter_chain_match"), 0);
  });

  it("closes and counts a connection that no chain takes", async () => {
    const subject = newSubject();
    await subject.apply([
      listenerSample("a", { chains: [chainSample("far", null, matchSample({ sourceType: "external" }))] }),
    ]);
    const client = new EchoClient(net.connect(subject.ports.get("a") ?? 0, "127.0.0.1"));
    await client.untilClosed();
    assert.equal(subject.stats.value("listener.a.no_filter_chain_match"), 1);
    assert.equal(subject.stats.value("listener.a.downstream_cx_destroy"), 1);
  });

  it("drains a chain whose conditions change, and no other", async () => {
    const subject = newSubject();
    const here = chainSample("here", null, matchSample({ sourceType: "sameIpOrLoopback" }));
    const rest = chainSample("rest");
    await subject.apply([listenerSample("a", { chains: [here], defaultChain: rest })]);
    const client = await subject.connect("a");
    assert.equal((await client.ask("info")).split(" ")[2], "here");
    const there = chainSample("there", null, matchSample({ sourceType: "external" }));
    await subject.apply([listenerSample("a", { chains: [here, there], defaultChain: rest })]);
    assert.equal(await client.ask("close?"), "staying");
    await subject.apply([
      listenerSample("a", {
        chains: [{ ...here, match: matchSample({ sourcePorts: [1] }) }, there],
        defaultChain: rest,
      }),
    ]);
    assert.equal((await (await subject.connect("a")).ask("info")).split(" ")[2], "rest");
    assert.equal(await client.ask("close?"), "closing");
  });

  it("listens on several addresses, and on Unix-domain sockets in place of what is there", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "troupe-listener-"));
    const file = path.join(folder, "socket");
    writeFileSync(file, "stale");
    const subject = newSubject();
    const addresses: ListenerData["addresses"] = [
      { address: { type: "ip", ip: "127.0.0.1", port: 0 }, ipv6Only: false },
      { address: { type: "pipe", path: file, mode: 0o600 }, ipv6Only: false },
    ];
    try {
      await subject.apply([listenerSample("a", { addresses })]);
      assert.equal(await (await subject.connect("a")).ask("x"), "x");
      assert.equal(statSync(file).mode & 0o777, 0o600);
      const client = new EchoClient(net.connect(file));
      assert.equal(await client.ask("y"), "y");
      assert.match(await client.ask("info"), new RegExp(`^ ${file} chain`));
      const taken = subject.handler.takeServers("all");
      assert.equal(taken.length, 1);
      taken[0]?.server.close();
      client.socket.destroy();
    } finally {
      subject.dispose();
      await until("the file to go", () => !existsSync(file));
      rmSync(folder, { recursive: true });
    }
  });
});

describe("A listener on a Unix-domain socket", () => {
  const rows: readonly { name: string; path: string; reason: string }[] = [
    { name: "a folder that is missing", path: "/no/such/x", reason: "there is no such folder" },
    { name: "a folder in the way", path: tmpdir(), reason: "it is a folder" },
  ];
  for (const row of rows) {
    it(`is refused for ${row.name}`, async () => {
      const subject = newSubject();
      const addresses: ListenerData["addresses"] = [
        { address: { type: "pipe", path: row.path, mode: 0 }, ipv6Only: false },
      ];
      await assert.rejects(subject.apply([listenerSample("a", { addresses })]), {
        message: `listener "a": cannot listen on ${row.path}: ${row.reason}`,
      });
      assert.deepEqual(subject.handler.inspect().listeners, []);
    });
  }

  it("is left alone by the workers that are not told to make it", async () => {
    const subject = newSubject();
    subject.makesPipes = false;
    const addresses: ListenerData["addresses"] = [
      { address: { type: "pipe", path: "/no/such/x", mode: 0 }, ipv6Only: false },
    ];
    await subject.apply([listenerSample("a", { addresses })]);
    assert.deepEqual(subject.handler.inspect().listeners[0]?.addresses, []);
  });

  it("accepts in the abstract namespace", async () => {
    const name = `troupe-test-${process.pid}`;
    const subject = newSubject();
    const addresses: ListenerData["addresses"] = [
      { address: { type: "pipe", path: `@${name}`, mode: 0 }, ipv6Only: false },
    ];
    await subject.apply([listenerSample("a", { addresses })]);
    const client = new EchoClient(net.connect(`\0${name}`));
    assert.equal(await client.ask("x"), "x");
    client.socket.destroy();
  });
});

describe("Changing listeners", () => {
  const versions = (first: unknown, second: unknown = null) =>
    listenerSample("a", { chains: [chainSample("one", first)], defaultChain: chainSample("two", second) });

  it("changes nothing when the data is equal", async () => {
    const subject = newSubject();
    await subject.apply([versions("v1")]);
    const client = await subject.connect("a");
    await subject.apply([structuredClone(versions("v1"))]);
    assert.equal(subject.filters.made.length, 2);
    assert.equal(await client.ask("close?"), "staying");
  });

  it("drains the connections of a changed chain and gives new ones the new chain, on the same socket", async () => {
    const subject = newSubject();
    await subject.apply([versions("v1")]);
    const port = subject.ports.get("a");
    const old = await subject.connect("a");
    await subject.apply([versions("v2")]);
    assert.equal(subject.ports.get("a"), port);
    assert.deepEqual(subject.filters.drainTold, [1000]);
    assert.equal(subject.stats.value("listener_manager.total_filter_chains_draining"), 1);
    const fresh = await subject.connect("a");
    assert.equal(await fresh.ask("x"), "v2x");
    assert.equal(await old.ask("x"), "v1x");
    assert.equal(await old.ask("close?"), "closing");
    await old.untilClosed();
    assert.equal(await fresh.ask("close?"), "staying");
    await until("the chain to go", () => subject.filters.disposed.length === 1);
    assert.deepEqual(subject.filters.disposed, ["v1"]);
    assert.equal(subject.stats.value("listener_manager.total_filter_chains_draining"), 0);
  });

  it("keeps everything of a chain that did not change", async () => {
    const subject = newSubject();
    await subject.apply([versions("v1", "d1")]);
    const client = await subject.connect("a");
    await subject.apply([versions("v1", "d2")]);
    assert.equal(await client.ask("close?"), "staying");
    assert.deepEqual(subject.filters.disposed, ["d1"]);
    assert.deepEqual(
      subject.filters.made.map(({ data }) => data),
      ["v1", "d1", "d2"],
    );
  });

  it("keeps the socket when a listener is renamed", async () => {
    const subject = newSubject();
    const port = freePort();
    const addresses: ListenerData["addresses"] = [{ address: { type: "ip", ip: "127.0.0.1", port }, ipv6Only: false }];
    await subject.apply([listenerSample("a", { addresses })]);
    const client = await subject.connect("a");
    await subject.apply([listenerSample("b", { addresses, chains: [chainSample("new", "b:")] })], ["a"]);
    assert.equal(await client.ask("close?"), "closing");
    assert.equal(await (await subject.connect("b")).ask("x"), "b:x");
    assert.equal(subject.stats.value("listener_manager.total_listeners_active"), 1);
  });

  it("moves to another address while connections of the old one drain", async () => {
    const subject = newSubject();
    await subject.apply([versions("v1")]);
    const before = subject.ports.get("a") ?? 0;
    const client = await subject.connect("a");
    const addresses: ListenerData["addresses"] = [
      { address: { type: "ip", ip: "127.0.0.1", port: freePort() }, ipv6Only: false },
    ];
    await subject.apply([{ ...versions("v1"), addresses }]);
    assert.equal(await subject.isListening(before), false);
    assert.equal(await (await subject.connect("a")).ask("x"), "v1x");
    assert.equal(subject.stats.value("listener_manager.total_listeners_draining"), 1);
    assert.equal(await client.ask("close?"), "closing");
    await until("the old one to go", () => subject.stats.value("listener_manager.total_listeners_draining") === 0);
  });

  it("stops accepting when a listener is removed, and releases it with its last connection", async () => {
    const subject = newSubject();
    await subject.apply([listenerSample("a", { chains: [chainSample("one", "v1")] }), listenerSample("b")]);
    const port = subject.ports.get("a") ?? 0;
    const client = await subject.connect("a");
    await subject.apply([], ["a"]);
    assert.equal(await subject.isListening(port), false);
    assert.equal(await client.ask("x"), "v1x");
    assert.deepEqual(subject.filters.disposed, []);
    client.socket.destroy();
    await until("the chain to go", () => subject.filters.disposed.length > 0);
    assert.deepEqual(
      subject.handler.inspect().listeners.map(({ name }) => name),
      ["b"],
    );
  });

  it("refuses as a whole when one filter can't be made, naming the listener", async () => {
    const subject = newSubject();
    await subject.apply([versions("v1")]);
    const broken = listenerSample("b", {
      chains: [{ ...chainSample("x"), filters: [filterSample("echo", "broken")] }],
    });
    await assert.rejects(subject.apply([versions("v2"), broken]), { message: 'listener "b": the filter is broken' });
    assert.deepEqual(subject.filters.disposed, ["v2"]);
    assert.equal(await (await subject.connect("a")).ask("x"), "v1x");
    assert.equal(subject.handler.inspect().listeners.length, 1);
  });

  it("leaves nothing of an aborted change", async () => {
    const subject = newSubject();
    await subject.apply([versions("v1")]);
    const prepared = subject.handler.prepare({ upserts: [versions("v2"), listenerSample("b")], removals: [] }, []);
    prepared.abort();
    assert.deepEqual(subject.filters.disposed.sort(), [null, "v2"]);
    assert.equal(await (await subject.connect("a")).ask("x"), "v1x");
  });

  it("forecasts which connections a change would drain", async () => {
    const subject = newSubject();
    await subject.apply([versions("v1"), listenerSample("b")]);
    await subject.connect("a");
    await subject.connect("a");
    await subject.connect("b");
    const forecast = (upserts: readonly ListenerData[], removals: readonly string[] = []) =>
      subject.handler.forecast({ upserts, removals });
    assert.deepEqual(forecast([versions("v2")]), [{ listener: "a", filterChain: "one", connections: 2 }]);
    assert.deepEqual(forecast([versions("v1", "other")]), []);
    assert.deepEqual(forecast([], ["b"]), [{ listener: "b", filterChain: "chain", connections: 1 }]);
  });
});

describe("Draining", () => {
  it("cuts what is left at the deadline and counts it", async () => {
    const subject = newSubject({ drain: { timeMs: 1000, strategy: "immediate" } });
    await subject.apply([listenerSample("a")]);
    const client = await subject.connect("a");
    await subject.apply([], ["a"]);
    subject.clock.advance(990);
    assert.equal(await client.ask("still here"), "still here");
    subject.clock.advance(20);
    await client.untilClosed();
    assert.equal(subject.stats.value("listener.a.downstream_cx_drain_timeout"), 1);
    assert.equal(subject.handler.cutCount, 1);
    await until("the last connection", () => subject.handler.connectionCount === 0);
    assert.equal(subject.clock.timers.armedCount, 0);
  });

  it("tells connections over the drain time under gradual", async () => {
    const subject = newSubject({ fraction: 0.3 });
    await subject.apply([listenerSample("a")]);
    for (let i = 0; i < 3; i++) await subject.connect("a");
    subject.handler.startDrain({ timeMs: 1000, strategy: "gradual" });
    // A tenth of the time passes between two looks. Seven later, a third of those who still don't know are due.
    subject.clock.advance(700);
    assert.equal(subject.filters.drainTold.length, 0);
    subject.clock.advance(100);
    assert.equal(subject.filters.drainTold.length, 3);
  });

  it("closes idle connections before the drain time is over if it is told when", async () => {
    const subject = newSubject();
    await subject.apply([listenerSample("a")]);
    const client = await subject.connect("a");
    subject.handler.startDrain({ timeMs: 1000, strategy: "immediate", idleMs: 200 });
    subject.clock.advance(199);
    assert.equal(subject.handler.connectionCount, 1);
    subject.clock.advance(1);
    await client.untilClosed();
    await until("the last connection", () => subject.handler.connectionCount === 0);
    assert.equal(subject.handler.cutCount, 0);
  });

  it("goes on accepting while it drains by request, and calls back when the last one is gone", async () => {
    const subject = newSubject();
    await subject.apply([listenerSample("a")]);
    const client = await subject.connect("a");
    subject.handler.startDrain({ timeMs: 1000, strategy: "immediate" });
    let empty = false;
    subject.handler.whenEmpty(() => {
      empty = true;
    });
    const second = await subject.connect("a");
    assert.equal(await second.ask("close?"), "closing");
    assert.equal(empty, false);
    assert.equal(await client.ask("close?"), "closing");
    await until("the last connection", () => empty);
  });

  it("leaves listeners of other directions alone if only inbound ones are meant", async () => {
    const subject = newSubject();
    await subject.apply([listenerSample("in", { trafficDirection: "inbound" }), listenerSample("out")]);
    const [inbound, outbound] = [await subject.connect("in"), await subject.connect("out")];
    subject.handler.startDrain({ timeMs: 1000, strategy: "immediate" }, true);
    subject.handler.stopListening(true);
    assert.equal(await inbound.ask("close?"), "closing");
    assert.equal(await outbound.ask("close?"), "staying");
    assert.equal(await subject.isListening(subject.ports.get("in") ?? 0), false);
    assert.equal(await subject.isListening(subject.ports.get("out") ?? 0), true);
  });

  it("closes connections of a server that fails its health check, but not under MODIFY_ONLY", async () => {
    const subject = newSubject();
    await subject.apply([listenerSample("a"), listenerSample("b", { drainType: "modifyOnly" })]);
    const [a, b] = [await subject.connect("a"), await subject.connect("b")];
    subject.handler.setHealthCheckFailed(true);
    assert.equal(await b.ask("close?"), "staying");
    subject.handler.setHealthCheckFailed(false);
    assert.equal(await a.ask("close?"), "staying");
    subject.handler.setHealthCheckFailed(true);
    assert.equal(await a.ask("close?"), "closing");
  });
});

describe("Looking inside a connection handler", () => {
  it("shows listeners, chains and connections as plain data", async () => {
    const subject = newSubject();
    await subject.apply([listenerSample("a")]);
    const client = await subject.connect("a");
    await subject.connect("a");
    subject.clock.advance(40);
    const report = subject.handler.inspect(1);
    const address = `127.0.0.1:${subject.ports.get("a")}`;
    assert.deepEqual(report, {
      listeners: [
        {
          name: "a",
          state: "active",
          addresses: [address],
          connections: 2,
          chains: [{ name: "chain", draining: false, connections: 2 }],
        },
      ],
      connections: [
        {
          id: 1000,
          listener: "a",
          filterChain: "chain",
          remoteAddress: `127.0.0.1:${client.socket.localPort}`,
          localAddress: address,
          ageMs: 40,
          draining: false,
          readDisabled: false,
          writeBufferedBytes: 0,
        },
      ],
      connectionCount: 2,
    });
    assert.deepEqual(structuredClone(report), report);
  });
});
