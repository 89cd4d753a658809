import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { describe, it } from "node:test";
import { takeHandle } from "../../../src/net/stream-handle.ts";
import { until } from "../../harness/until.ts";

async function acceptedSocket(): Promise<{ socket: net.Socket; peer: net.Socket; close: () => Promise<void> }> {
  const server = net.createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const peer = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
  const [socket] = (await once(server, "connection")) as [net.Socket];
  const close = async (): Promise<void> => {
    peer.destroy();
    socket.destroy();
    server.close();
    await once(server, "close");
  };
  return { socket, peer, close };
}

describe("takeHandle", () => {
  it("knows the handles of this Node.js", async () => {
    const { socket, peer, close } = await acceptedSocket();
    const data: string[] = [];
    const user = { handleData: (bytes: Buffer) => data.push(bytes.toString()), handleWritten() {} };
    assert.notEqual(takeHandle(socket, user), null);
    peer.write("hello");
    await until("bytes", () => data.length > 0);
    assert.deepEqual(data, ["hello"]);
    await close();
  });

  it("leaves sockets to their streams on which bytes wait, or that are closed", async () => {
    const { socket, close } = await acceptedSocket();
    const user = { handleData() {}, handleWritten() {} };
    socket.unshift(Buffer.from("inspected"));
    assert.equal(takeHandle(socket, user), null);
    socket.destroy();
    assert.equal(takeHandle(socket, user), null);
    assert.equal(takeHandle(new net.Socket(), user), null);
    await close();
  });
});
