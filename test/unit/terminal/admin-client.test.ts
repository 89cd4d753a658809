import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, it } from "node:test";
import { AdminClient, AdminUnreachable } from "../../../src/terminal/admin-client.ts";

describe("AdminClient", () => {
  it("gives up a question to a proxy that does not answer when the user has had enough", async (t) => {
    const server = createServer((socket) => socket.on("error", () => {})).listen(0, "127.0.0.1");
    t.after(() => server.close());
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const stop = new AbortController();
    const client = new AdminClient({ type: "ip", host: "127.0.0.1", port }, "", stop.signal);
    const answer = client.ask("/actors");
    await once(server, "connection");
    stop.abort();
    await assert.rejects(answer, AdminUnreachable);
  });
});
