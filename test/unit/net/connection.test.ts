import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { resetSocket } from "../../harness/reset-socket.ts";
import { until } from "../../harness/until.ts";
import { connectionPair } from "./connection-pair.ts";

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function behavesLikeAConnection(useHandle: boolean): void {
  it("joins what the events of a turn write, in order", async () => {
    const pair = await connectionPair({ useHandle });
    const { connection } = pair;
    connection.inEvent(() => {
      connection.writeLatin1("head ");
      connection.write(Buffer.from("body "));
    });
    connection.inEvent(() => {
      connection.writeLatin1("\xe9nd ");
      connection.write(Buffer.from("more"));
    });
    assert.equal(pair.stats.value("tx"), 0);
    await endOfTurn();
    assert.equal(pair.stats.value("tx"), 18);
    await until("what the peer was to see or the connection to tell", () => pair.received().length === 18);
    assert.equal(pair.received().toString("latin1"), "head body \xe9nd more");
    await pair.close();
  });

  it("asks once for what was left for later, with whatever else is sent, and sends all in order", async () => {
    const pair = await connectionPair({ useHandle });
    const { connection } = pair;
    let asked = 0;
    const writer = {
      writeLate: (): void => {
        asked++;
        connection.writeLatin1(`late ${asked};`);
      },
    };
    connection.inEvent(() => connection.writeLater(writer));
    connection.inEvent(() => connection.writeLatin1("now;"));
    assert.equal(asked, 0);
    await endOfTurn();
    assert.equal(asked, 1);
    connection.inEvent(() => connection.writeLater(writer));
    assert.equal(asked, 1);
    await until("both", () => pair.received().toString() === "now;late 1;late 2;");
    connection.writeLater(writer);
    connection.close("flushWrite");
    await until("the third", () => pair.received().toString() === "now;late 1;late 2;late 3;");
    assert.equal(asked, 3);
    await pair.close();
  });

  it("sends much at the end of the event, with what waited for the end of the turn", async () => {
    const pair = await connectionPair({ useHandle });
    const { connection } = pair;
    connection.inEvent(() => connection.writeLatin1("head"));
    connection.inEvent(() => {
      connection.write(Buffer.alloc(20_000, "x"));
      connection.writeLatin1("tail");
      assert.equal(pair.stats.value("tx"), 0);
    });
    assert.equal(pair.stats.value("tx"), 20_008);
    connection.inEvent(() => connection.writeLatin1("more"));
    assert.equal(pair.stats.value("tx"), 20_008);
    await until("all", () => pair.received().length === 20_012);
    assert.match(pair.received().toString(), /^headx+tailmore$/);
    await pair.close();
  });

  it("flushes what is written outside any event", async () => {
    const pair = await connectionPair({ useHandle });
    pair.connection.writeLatin1("hello");
    assert.equal(pair.stats.value("tx"), 0);
    await until("what the peer was to see or the connection to tell", () => pair.received().toString() === "hello");
    await pair.close();
  });

  it("sends large pieces as they are", async () => {
    const pair = await connectionPair({ useHandle });
    const body = Buffer.alloc(200_000, "x");
    pair.connection.inEvent(() => {
      pair.connection.writeLatin1("head");
      pair.connection.write(body);
      pair.connection.writeLatin1("tail");
    });
    await until("what the peer was to see or the connection to tell", () => pair.received().length === 200_008);
    assert.equal(pair.received().subarray(0, 5).toString(), "headx");
    assert.equal(pair.received().subarray(-5).toString(), "xtail");
    await pair.close();
  });

  it("hands on data, then the peer's end, then the close, once each", async () => {
    const pair = await connectionPair({ useHandle });
    pair.peer.end("bye");
    await until("what the peer was to see or the connection to tell", () => pair.callbacks.events.includes("end"));
    assert.equal(pair.callbacks.text, "bye");
    assert.equal(pair.stats.value("rx"), 3);
    pair.connection.close("flushWrite");
    await until("what the peer was to see or the connection to tell", () => pair.callbacks.events.length === 2);
    assert.deepEqual(pair.callbacks.events, ["end", "localClose"]);
    await pair.close();
  });

  it("names the system's reason when the peer resets", async () => {
    const pair = await connectionPair({ useHandle });
    resetSocket(pair.peer);
    await until("what the peer was to see or the connection to tell", () => pair.callbacks.events.length > 0);
    assert.deepEqual(pair.callbacks.events, ["remoteClose ECONNRESET"]);
    await pair.close();
  });

  it("reads again only when each pause has been lifted", async () => {
    const pair = await connectionPair({ useHandle });
    pair.connection.readDisable(true);
    pair.connection.readDisable(true);
    pair.peer.write("held");
    pair.connection.readDisable(false);
    await new Promise<void>((resolve) => pair.peer.write("", () => resolve()));
    assert.equal(pair.callbacks.text, "");
    pair.connection.readDisable(false);
    await until("what the peer was to see or the connection to tell", () => pair.callbacks.text === "held");
    await pair.close();
  });

  it("tells once when too much waits for a slow peer, and once when it has gone out", async () => {
    const pair = await connectionPair({ useHandle, bufferLimitBytes: 64 * 1024, peerPaused: true });
    for (let i = 0; i < 200; i++) pair.connection.inEvent(() => pair.connection.write(Buffer.alloc(64 * 1024)));
    assert.deepEqual(pair.callbacks.events, ["above"]);
    assert.ok(pair.stats.value("buffered") > 64 * 1024);
    pair.peer.resume();
    await until("what the peer was to see or the connection to tell", () => pair.callbacks.events.length === 2);
    assert.deepEqual(pair.callbacks.events, ["above", "below"]);
    assert.equal(pair.stats.value("buffered"), 0);
    await pair.close();
  });

  it("sends what waits before it closes, and drops it if told to cut", async () => {
    const flushed = await connectionPair({ useHandle });
    flushed.connection.writeLatin1("last words");
    flushed.connection.close("flushWrite");
    await until(
      "what the peer was to see or the connection to tell",
      () => flushed.received().toString() === "last words",
    );
    await flushed.close();
    const cut = await connectionPair({ useHandle });
    cut.connection.writeLatin1("never sent");
    cut.connection.close("noFlush");
    await until("what the peer was to see or the connection to tell", () => cut.callbacks.events.length === 1);
    assert.deepEqual(cut.callbacks.events, ["localClose"]);
    assert.equal(cut.received().length, 0);
    await cut.close();
  });

  it("waits for the peer's end on a delayed close, reads nothing more of it, and stops waiting at the timeout", async () => {
    const pair = await connectionPair({ useHandle });
    pair.peer.on("end", () => pair.peer.write("still talking"));
    pair.peer.allowHalfOpen = true;
    pair.connection.writeLatin1("go away");
    pair.connection.close("flushWriteAndDelay");
    await until("what the peer was to see or the connection to tell", () => pair.received().toString() === "go away");
    assert.deepEqual(pair.callbacks.events, []);
    pair.clock.advance(1010);
    await until("what the peer was to see or the connection to tell", () => pair.callbacks.events.length === 1);
    assert.deepEqual(pair.callbacks.events, ["localClose"]);
    assert.equal(pair.callbacks.text, "");
    assert.equal(pair.stats.value("delayed_close_timeout"), 1);
    await pair.close();
  });

  it("accepts no more to write once it is closing", async () => {
    const pair = await connectionPair({ useHandle });
    pair.connection.close("flushWrite");
    assert.equal(pair.connection.isOpen, false);
    pair.connection.writeLatin1("late");
    assert.equal(pair.connection.writeBufferedBytes, 0);
    await pair.close();
  });

  it("keeps pieces of all sizes in order, also behind what a slow peer leaves waiting", async () => {
    const pair = await connectionPair({ useHandle, bufferLimitBytes: 64 * 1024, peerPaused: true });
    const sent: Buffer[] = [];
    for (let i = 0; i < 600; i++) {
      const piece = Buffer.alloc([10, 12_000, 40_000][i % 3]!, `${i},`);
      sent.push(piece);
      pair.connection.inEvent(() => pair.connection.write(Buffer.from(piece)));
    }
    pair.connection.closeWrite();
    assert.ok(pair.connection.writeBufferedBytes > 64 * 1024);
    const chunks: Buffer[] = [];
    pair.peer.on("data", (chunk: Buffer) => chunks.push(chunk));
    const expected = Buffer.concat(sent);
    await until("all bytes", () => pair.peer.readableEnded);
    assert.ok(Buffer.concat(chunks).equals(expected));
    assert.equal(pair.connection.writeBufferedBytes, 0);
    await pair.close();
  });

  it("tells of the reset that it meets while bytes wait", async () => {
    const pair = await connectionPair({ useHandle, peerPaused: true });
    for (let i = 0; i < 2000; i++) pair.connection.inEvent(() => pair.connection.write(Buffer.alloc(8 * 1024)));
    assert.ok(pair.connection.writeBufferedBytes > 0);
    resetSocket(pair.peer);
    await until("the close", () => pair.callbacks.events.length > 0);
    assert.match(pair.callbacks.events[0]!, /^remoteClose (ECONNRESET|EPIPE)$/);
    assert.equal(pair.stats.value("buffered"), 0);
    await pair.close();
  });

  it("reads nothing while paused from the first moment on, and hears the end when it reads again", async () => {
    const pair = await connectionPair({ useHandle });
    pair.connection.readDisable(true);
    pair.peer.end("all");
    await new Promise<void>((resolve) => pair.peer.once("finish", () => resolve()));
    assert.deepEqual([pair.callbacks.text, pair.callbacks.events.length], ["", 0]);
    pair.connection.readDisable(false);
    await until("the end", () => pair.callbacks.events.includes("end"));
    assert.equal(pair.callbacks.text, "all");
    await pair.close();
  });
}

describe("Connection", () => {
  describe("over its socket's stream", () => behavesLikeAConnection(false));
  describe("over its socket's handle", () => behavesLikeAConnection(true));
});
