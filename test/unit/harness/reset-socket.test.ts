import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { describe, it } from "node:test";
import { resetSocket } from "../../harness/reset-socket.ts";

describe("resetSocket", () => {
  const moments: { name: string; before: (socket: net.Socket) => void }[] = [
    { name: "that is open", before: () => {} },
    { name: "that has just been ended", before: (socket) => socket.end("x") },
    { name: "that has bytes waiting before its end", before: (socket) => socket.end(Buffer.alloc(30_000_000)) },
  ];
  for (const { name, before } of moments) {
    it(`closes a connection ${name}`, async (t) => {
      const server = net.createServer({ allowHalfOpen: true }, (socket) => {
        socket.on("error", () => {});
        socket.resume();
      });
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      t.after(() => server.close());
      const client = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
      await once(client, "connect");
      before(client);
      resetSocket(client);
      const [hadError] = await once(client, "close");
      assert.equal(hadError, false);
    });
  }
});
