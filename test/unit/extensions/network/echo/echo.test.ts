import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { until } from "../../../../harness/until.ts";
import { networkFilter, TcpPath, tcpConfig } from "../tcp-path.ts";

const ECHO = networkFilter("echo", "Echo");

describe("envoy.filters.network.echo", () => {
  it("sends back what comes, and its end after the peer's", async (t) => {
    const tcp = await TcpPath.start(t, tcpConfig([ECHO]));
    const client = await tcp.client();
    client.write("hello");
    await client.untilText("hello");
    client.write(" and bye");
    client.end();
    await client.untilClosed();
    assert.deepEqual([client.text, client.error], ["hello and bye", ""]);
    await until("the end in the stats", () => tcp.stat("listener.127.0.0.1_0.downstream_cx_active") === 0);
  });

  it("does not read a peer that does not read", async (t) => {
    const tcp = await TcpPath.start(t, tcpConfig([ECHO], [], { per_connection_buffer_limit_bytes: 65_536 }));
    const client = await tcp.client(false);
    client.socket.pause();
    const total = 64 * 1024 * 1024;
    const block = Buffer.alloc(1024 * 1024, "x");
    for (let sent = 0; sent < total; sent += block.length) client.write(block);
    await until("back-pressure", () => client.socket.writableLength > total / 2);
    client.end();
    client.socket.resume();
    await until("all of it", () => client.bytesReceived === total);
  });

  it("must be the last filter of its chain, and the only terminal one", async (t) => {
    await assert.rejects(TcpPath.start(t, tcpConfig([ECHO, ECHO])), /nothing can follow envoy\.filters\.network\.echo/);
  });
});
