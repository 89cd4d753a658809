import assert from "node:assert/strict";
import net from "node:net";
import { Duplex } from "node:stream";
import { afterEach, describe, it } from "node:test";
import tls from "node:tls";
import type { ListenerData } from "../../../src/listener/listener-data.ts";
import { until } from "../../harness/until.ts";
import { EchoClient, HandlerUnderTest } from "./handler-under-test.ts";
import { chainSample, listenerFilterSample, listenerSample, matchSample } from "./listener-sample.ts";

const subjects: HandlerUnderTest[] = [];
afterEach(() => {
  for (const subject of subjects.splice(0)) subject.dispose();
});

/** A listener that asks for the server name, then for ALPN, then for TLS at all. The echo filter says which chain it is in. */
async function start(changes: Partial<ListenerData> = {}): Promise<HandlerUnderTest> {
  const subject = new HandlerUnderTest();
  subjects.push(subject);
  const chains = [
    chainSample("named", "named:", matchSample({ serverNames: ["a.example.com"], transportProtocol: "tls" })),
    chainSample("h2", "h2:", matchSample({ transportProtocol: "tls", applicationProtocols: ["h2"] })),
    chainSample("tls", "tls:", matchSample({ transportProtocol: "tls" })),
    chainSample("plain", "plain:"),
  ];
  const listenerFilters = [listenerFilterSample("envoy.filters.listener.tls_inspector")];
  await subject.apply([listenerSample("a", { chains, listenerFilters, ...changes })]);
  return subject;
}

function connect(subject: HandlerUnderTest): EchoClient {
  return new EchoClient(net.connect(subject.ports.get("a") ?? 0, "127.0.0.1"));
}

/** The first flight of Node's own TLS client. */
async function helloOf(options: tls.ConnectionOptions): Promise<Buffer> {
  const sent: Buffer[] = [];
  const wire = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      sent.push(chunk);
      done();
    },
  });
  const client = tls.connect({ ...options, socket: wire });
  client.on("error", () => {});
  await until("the hello", () => sent.length > 0);
  client.destroy();
  return Buffer.concat(sent);
}

/** The same handshake bytes in records of so many bytes. */
function inRecords(hello: Buffer, bytes: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 5; at < hello.length; at += bytes) {
    const part = hello.subarray(at, at + bytes);
    parts.push(Buffer.from([22, 3, 1, part.length >> 8, part.length & 255]), part);
  }
  return Buffer.concat(parts);
}

/** Sends bytes, in pieces that arrive apart if `piece` says so, and waits until the echo has them all behind the name of its chain. */
async function chainOf(subject: HandlerUnderTest, bytes: Buffer): Promise<string> {
  const received: Buffer[] = [];
  const socket = net.connect(subject.ports.get("a") ?? 0, "127.0.0.1");
  socket.on("data", (data: Buffer) => received.push(data));
  socket.write(bytes);
  let closed = false;
  socket.on("close", () => {
    closed = true;
  });
  const length = () => Buffer.concat(received).length;
  await until("the echo", () => closed || length() > bytes.length);
  socket.destroy();
  const all = Buffer.concat(received);
  const name = all.subarray(0, all.length - bytes.length).toString();
  assert.deepEqual(all.subarray(all.length - bytes.length), bytes);
  return name;
}

describe("The TLS inspector", () => {
  it("finds server name and ALPN in hellos of a real client, and hands on every byte", async () => {
    const subject = await start();
    const named = await helloOf({ servername: "A.Example.com", ALPNProtocols: ["h2"] });
    assert.equal(await chainOf(subject, named), "named:");
    assert.equal(await chainOf(subject, await helloOf({ servername: "b.org", ALPNProtocols: ["x", "h2"] })), "h2:");
    assert.equal(await chainOf(subject, await helloOf({ maxVersion: "TLSv1.2" })), "tls:");
    assert.equal(await chainOf(subject, inRecords(named, 7)), "named:");
    assert.equal(await chainOf(subject, Buffer.from("GET / HTTP/1.1\r\n")), "plain:");
    const value = (name: string) => subject.stats.value(`tls_inspector.${name}`);
    assert.deepEqual(
      ["tls_found", "tls_not_found", "sni_found", "sni_not_found", "alpn_found", "alpn_not_found"].map(value),
      [4, 1, 3, 1, 3, 1],
    );
  });

  it("waits for a hello that comes byte by byte", async () => {
    const subject = await start();
    const hello = await helloOf({ servername: "a.example.com" });
    const client = connect(subject);
    client.socket.setNoDelay(true);
    for (const byte of hello.subarray(0, -1)) {
      client.socket.write(Buffer.from([byte]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(subject.stats.value("listener.a.downstream_pre_cx_active"), 1);
    assert.match(await client.ask(hello.subarray(-1).toString("latin1")), /^named:/);
    assert.equal(subject.stats.value("listener.a.downstream_pre_cx_active"), 0);
  });

  it("closes and counts a hello that is too large", async () => {
    const subject = await start();
    const client = connect(subject);
    client.socket.write(Buffer.from([22, 3, 1, 0, 4, 1, 1, 0, 0]));
    await client.untilClosed();
    assert.equal(subject.stats.value("tls_inspector.client_hello_too_large"), 1);
    assert.equal(subject.stats.value("listener.a.downstream_listener_filter_error"), 1);
    assert.equal(subject.handler.connectionCount, 0);
  });

  it("takes a broken hello for plain bytes", async () => {
    const subject = await start();
    const hello = await helloOf({ servername: "a.example.com" });
    hello[5 + 4 + 34] = 255;
    assert.equal(await chainOf(subject, hello), "plain:");
    assert.equal(await chainOf(subject, Buffer.from([22, 2, 1])), "plain:");
    assert.equal(await chainOf(subject, Buffer.from([22, 3, 1, 255, 255])), "plain:");
  });
});

describe("A connection that is being inspected", () => {
  it("is closed and counted after listener_filters_timeout", async () => {
    const subject = await start();
    const client = connect(subject);
    await until("the accept", () => subject.stats.value("listener.a.downstream_pre_cx_active") === 1);
    subject.clock.advance(15_001);
    await client.untilClosed();
    assert.equal(subject.stats.value("listener.a.downstream_pre_cx_timeout"), 1);
    assert.equal(subject.stats.value("listener.a.downstream_cx_total"), 0);
  });

  it("goes on after the timeout if the listener says so", async () => {
    const subject = await start({ continueOnListenerFiltersTimeout: true });
    const client = connect(subject);
    await until("the accept", () => subject.stats.value("listener.a.downstream_pre_cx_active") === 1);
    subject.clock.advance(15_001);
    assert.match(await client.ask("x"), /^plain:/);
    assert.equal(subject.stats.value("listener.a.downstream_pre_cx_timeout"), 1);
  });

  it("may leave, which is counted", async () => {
    const subject = await start();
    const leaving = connect(subject);
    await until("the accept", () => subject.handler.connectionCount === 1);
    leaving.socket.resetAndDestroy();
    await until("the end", () => subject.handler.connectionCount === 0);
    assert.equal(subject.stats.value("listener.a.downstream_listener_filter_remote_close"), 1);
  });

  it("finishes on its own listener when that is removed or replaced, within the drain time", async () => {
    const subject = await start();
    const changed = connect(subject);
    await until("the accept", () => subject.handler.connectionCount === 1);
    await subject.apply([listenerSample("a", { chains: [chainSample("new", "new:")], statPrefix: "b" })]);
    assert.match(await changed.ask("hello"), /^plain:/);
    await until("the drain", () => subject.filters.disposed.length === 3);
    changed.socket.destroy();
    await until("the end", () => subject.filters.disposed.length === 4);

    const removed = await start();
    const late = connect(removed);
    await until("the accept", () => removed.handler.connectionCount === 1);
    await removed.apply([], ["a"]);
    assert.equal(removed.handler.inspect().listeners[0]?.state, "draining");
    removed.clock.advance(1001);
    await late.untilClosed();
    assert.equal(removed.handler.connectionCount, 0);
    assert.equal(removed.filters.disposed.length, 4);
  });
});
