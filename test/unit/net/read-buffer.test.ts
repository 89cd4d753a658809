import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { describe, it, type TestContext } from "node:test";
import { Connection } from "../../../src/net/connection.ts";
import { useReadBuffer } from "../../../src/net/read-buffer.ts";
import { giveBackReadBuffer } from "../../../src/net/read-buffer-pool.ts";
import { WriteFlusher } from "../../../src/net/write-flusher.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { until } from "../../harness/until.ts";
import { RecordingCallbacks } from "./connection-pair.ts";

const KIBI = 1024;

/** An accepted socket with a read buffer, and its peer. `keep`: what the loan reader answers. */
async function setUp(test: TestContext, lend: boolean, keep = false) {
  const server = net.createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const peer = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
  const [socket] = (await once(server, "connection")) as [net.Socket];
  test.after(() => {
    peer.destroy();
    socket.destroy();
    server.close();
  });
  const used = useReadBuffer(socket);
  const connection = new Connection(socket, {
    id: 1,
    flusher: new WriteFlusher(),
    timers: new FakeClock().timers,
    bufferLimitBytes: 0,
    delayedCloseTimeoutMs: 0,
    stats: null,
  });
  const loans: Buffer[] = [];
  const lentBytes: Buffer[] = [];
  if (lend) {
    connection.setLoanReader((data) => {
      loans.push(data);
      lentBytes.push(Buffer.from(data));
      return keep;
    });
  }
  const callbacks = new RecordingCallbacks();
  connection.start(callbacks);
  const received = () => [...callbacks.data, ...lentBytes].reduce((sum, { length }) => sum + length, 0);
  return { used, connection, peer, callbacks, loans, lentBytes, received };
}

describe("ReadBuffer", () => {
  it("can be given to accepted sockets of this Node.js, which then read more than 64 KiB at a time", async (t) => {
    const { used, connection, peer, callbacks, received } = await setUp(t, false);
    assert.equal(used, true);
    const sent = Buffer.alloc(1024 * KIBI, "0123456789abcdef");
    // How much the system has for one read is up to it.
    for (let times = 1; !callbacks.data.some(({ length }) => length > 64 * KIBI); times++) {
      assert.ok(times <= 100, "no read was larger than 64 KiB");
      connection.readDisable(true);
      peer.write(sent);
      await until("full socket buffers", () => peer.bytesWritten >= times * sent.length);
      connection.readDisable(false);
      await until("all of it", () => received() === times * sent.length);
      assert.ok(Buffer.concat(callbacks.data).subarray(-sent.length).equals(sent));
    }
  });

  it("tells of the peer's end, and reads nothing while reading is disabled", async (t) => {
    const { connection, peer, callbacks, received } = await setUp(t, false);
    connection.readDisable(true);
    peer.end("bye");
    await until("the write", () => peer.writableFinished);
    assert.equal(received(), 0);
    connection.readDisable(false);
    await until("the end", () => callbacks.events.includes("end"));
    assert.equal(callbacks.text, "bye");
  });

  it("lends large reads after the first, and copies small ones", async (t) => {
    const { peer, callbacks, loans, received } = await setUp(t, true);
    peer.write("small");
    await until("it", () => received() === 5);
    assert.equal(loans.length, 0);
    const total = 4096 * KIBI;
    peer.write(Buffer.alloc(total, "x"));
    await until("all of it", () => received() === total + 5);
    assert.ok(loans.length > 0);
    assert.ok(callbacks.data.length >= 2);
    for (let i = 0; i < 12; i++) {
      const before = received();
      peer.write("again");
      await until("a small read", () => received() === before + 5);
    }
    const lent = loans.length;
    peer.write("last");
    await until("the last", () => callbacks.text.endsWith("last"));
    assert.equal(loans.length, lent);
  });

  it("does not touch what is still in use", async (t) => {
    const { peer, loans, lentBytes, received } = await setUp(t, true, true);
    const total = 4096 * KIBI;
    const sent = Buffer.alloc(total);
    for (let i = 0; i < total; i += 4) sent.writeUInt32LE(i, i);
    peer.write(sent);
    await until("all of it", () => received() === total);
    assert.ok(loans.length > 1);
    for (const [i, loan] of loans.entries()) assert.ok(loan.equals(lentBytes[i]!), `loan ${i}`);
    for (const loan of loans) giveBackReadBuffer(loan);
  });

  it("leaves sockets alone that it does not know", () => {
    assert.equal(useReadBuffer(new net.Socket()), false);
  });
});
