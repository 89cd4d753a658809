import assert from "node:assert/strict";
import net from "node:net";
import { afterEach, describe, it } from "node:test";
import { listenerConnectionsCount } from "../../../src/listener/connection-limits.ts";
import { textEntry } from "../../../src/runtime/runtime-entry.ts";
import { until } from "../../harness/until.ts";
import { EchoClient, HandlerUnderTest } from "./handler-under-test.ts";
import { chainSample, listenerFilterSample, listenerSample, matchSample } from "./listener-sample.ts";

const LISTENER_KEY = "envoy.resource_limits.listener.a.connection_limit";
const GLOBAL_KEY = "overload.global_downstream_max_connections";

const subjects: HandlerUnderTest[] = [];
afterEach(() => {
  for (const subject of subjects.splice(0)) subject.dispose();
});

function newSubject(): HandlerUnderTest {
  const subject = new HandlerUnderTest();
  subjects.push(subject);
  return subject;
}

function setRuntime(subject: HandlerUnderTest, values: Readonly<Record<string, number>>): void {
  const entries = Object.entries(values).map(([key, value]) => [key, textEntry(String(value))] as const);
  subject.runtime.setLayers([{ name: "static", kind: "static", entries }]);
}

/** Whether a new connection echoes; else it was closed. */
async function isServed(subject: HandlerUnderTest, listener = "a"): Promise<boolean> {
  return (await open(subject, listener)) !== null;
}

async function open(subject: HandlerUnderTest, listener = "a"): Promise<EchoClient | null> {
  const client = new EchoClient(net.connect(subject.ports.get(listener) ?? 0, "127.0.0.1"));
  return (await client.ask("?")) === "?" ? client : null;
}

/** What is counted of a listener's connections, and of all. */
function counts(subject: HandlerUnderTest, listener = "a"): number[] {
  const count = (name: string) => subject.limits.count(name, 0).count;
  return [count(listenerConnectionsCount(listener)), count("downstream_connections")];
}

describe("The connection limit of a listener", () => {
  it("is what runtime says at the time of the accept", async () => {
    const subject = newSubject();
    setRuntime(subject, { [LISTENER_KEY]: 2 });
    await subject.apply([listenerSample("a"), listenerSample("b")]);
    const first = await open(subject);
    assert.equal(await isServed(subject), true);
    assert.equal(await isServed(subject), false);
    assert.equal(await isServed(subject, "b"), true);
    assert.equal(subject.stats.value("listener.a.downstream_cx_overflow"), 1);
    assert.equal(subject.stats.value("listener.a.downstream_cx_total"), 2);
    assert.equal(subject.stats.value("listener.a.downstream_global_cx_overflow"), 0);

    first?.socket.destroy();
    await until("the close", () => counts(subject)[0] === 1);
    assert.equal(await isServed(subject), true);
    setRuntime(subject, { [LISTENER_KEY]: 3 });
    assert.equal(await isServed(subject), true);
    setRuntime(subject, { [LISTENER_KEY]: 0 });
    assert.equal(await isServed(subject), false);
    setRuntime(subject, {});
    assert.equal(await isServed(subject), true);
    assert.deepEqual(counts(subject), [4, 5]);
  });

  it("counts connections that listener filters look at, and hands over those of another listener", async () => {
    const subject = newSubject();
    const proxy = listenerFilterSample("envoy.filters.listener.proxy_protocol", {
      ...{ statPrefix: "", rules: [], versions: [1, 2], allowWithout: false, passThrough: [] },
    });
    await subject.apply([
      listenerSample("a", { listenerFilters: [proxy], useOriginalDst: true }),
      listenerSample("b", {
        addresses: [{ address: { type: "ip", ip: "10.0.0.1", port: 80 }, ipv6Only: false }],
        bindToPort: false,
      }),
    ]);
    const client = new EchoClient(net.connect(subject.ports.get("a") ?? 0, "127.0.0.1"));
    await until("the accept", () => counts(subject)[0] === 1);
    await client.ask("PROXY TCP4 1.2.3.4 10.0.0.1 1111 80\r\nx");
    assert.deepEqual(
      [counts(subject, "a"), counts(subject, "b")],
      [
        [0, 1],
        [1, 1],
      ],
    );
    client.socket.destroy();
    await until("the close", () => counts(subject, "b")[1] === 0);
    assert.deepEqual(counts(subject, "b"), [0, 0]);

    const refused = new EchoClient(net.connect(subject.ports.get("a") ?? 0, "127.0.0.1"));
    refused.socket.write("no header\r\n");
    await refused.untilClosed();
    assert.deepEqual(counts(subject), [0, 0]);
  });

  it("gets back what no chain takes, and what drains away", async () => {
    const subject = newSubject();
    const far = chainSample("far", null, matchSample({ sourceType: "external" }));
    await subject.apply([listenerSample("a"), listenerSample("none", { chains: [far] })]);
    assert.equal(await isServed(subject, "none"), false);
    assert.deepEqual(counts(subject, "none"), [0, 0]);
    const client = await open(subject);
    assert.deepEqual(counts(subject), [1, 1]);
    await subject.apply([], ["a"]);
    subject.clock.advance(1000);
    await client?.untilClosed();
    await until("the end", () => counts(subject)[0] === 0);
    assert.deepEqual(counts(subject), [0, 0]);
  });
});

describe("The limit of all connections", () => {
  it("comes from runtime; listeners may ignore it, and count all the same", async () => {
    const subject = newSubject();
    setRuntime(subject, { [GLOBAL_KEY]: 2 });
    await subject.apply([listenerSample("a"), listenerSample("b", { ignoreGlobalConnectionLimit: true })]);
    assert.equal(await isServed(subject, "b"), true);
    assert.equal(await isServed(subject), true);
    assert.equal(await isServed(subject), false);
    assert.equal(await isServed(subject, "b"), true);
    assert.equal(subject.stats.value("listener.a.downstream_global_cx_overflow"), 1);
    assert.equal(subject.stats.value("listener.a.downstream_cx_overflow"), 0);
    assert.deepEqual(counts(subject), [1, 3]);
  });

  it("is the overload manager's where it has one, but not for listeners that bypass it", async () => {
    const subject = newSubject();
    setRuntime(subject, { [GLOBAL_KEY]: 3 });
    subject.connectionLimits.setMonitor(1);
    await subject.apply([listenerSample("a"), listenerSample("b", { bypassOverloadManager: true })]);
    assert.equal(await isServed(subject), true);
    assert.equal(await isServed(subject), false);
    const monitor = "overload.envoy.resource_monitors.global_downstream_max_connections";
    assert.equal(subject.stats.value(`${monitor}.failed_updates`), 1);
    assert.equal(await isServed(subject, "b"), true);
    assert.equal(await isServed(subject, "b"), true);
    assert.equal(await isServed(subject, "b"), false);
    assert.equal(subject.stats.value("listener.b.downstream_global_cx_overflow"), 1);
    assert.equal(subject.stats.value(`${monitor}.failed_updates`), 1);
    subject.connectionLimits.setMonitor(null);
    setRuntime(subject, {});
    assert.equal(await isServed(subject), true);
  });

  it("keeps nothing of a connection that its listener refuses", async () => {
    const subject = newSubject();
    setRuntime(subject, { [LISTENER_KEY]: 0 });
    await subject.apply([listenerSample("a")]);
    assert.equal(await isServed(subject), false);
    assert.deepEqual(counts(subject), [0, 0]);
  });
});
