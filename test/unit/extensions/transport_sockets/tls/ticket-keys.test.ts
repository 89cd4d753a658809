import assert from "node:assert/strict";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import tls from "node:tls";
import { takeTicketsOf } from "../../../../../src/extensions/transport_sockets/tls/ticket-keys.ts";
import { TestCa } from "../../../../harness/certificates.ts";

const leaf = new TestCa("CA").issue({ commonName: "a" });
const key = (fill: number): Buffer => Buffer.alloc(48, fill);

/** Port of a server with these ticket keys; one alone is set the documented way. */
async function server(t: TestContext, ...keys: Buffer[]): Promise<number> {
  const listener = tls.createServer({
    cert: leaf.certPem,
    key: leaf.keyPem,
    ticketKeys: keys[0]!,
    maxVersion: "TLSv1.2",
  });
  const { _sharedCreds: context } = listener as unknown as { _sharedCreds: tls.SecureContext };
  if (keys.length > 1) takeTicketsOf(context, keys);
  listener.on("secureConnection", (socket) => socket.on("error", () => {}).end());
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  t.after(() => listener.close());
  return (listener.address() as AddressInfo).port;
}

async function exchange(port: number, session?: Buffer): Promise<{ reused: boolean; session: Buffer }> {
  const socket = tls.connect({ port, host: "127.0.0.1", rejectUnauthorized: false, ...(session && { session }) });
  await once(socket, "secureConnect");
  const seen = { reused: socket.isSessionReused(), session: socket.getSession()! };
  socket.destroy();
  return seen;
}

describe("Several ticket keys", () => {
  it("read tickets that a single one of them has sealed, and seal with the first", async (t) => {
    const [old, both, young] = [await server(t, key(1)), await server(t, key(2), key(1)), await server(t, key(2))];
    const { session } = await exchange(old);
    const renewed = await exchange(both, session);
    assert.equal(renewed.reused, true);
    assert.equal((await exchange(young, renewed.session)).reused, true);
    assert.equal((await exchange(old, renewed.session)).reused, false);
  });

  it("make a full handshake of a ticket under none of them", async (t) => {
    const [other, both] = [await server(t, key(3)), await server(t, key(2), key(1))];
    assert.equal((await exchange(both, (await exchange(other)).session)).reused, false);
  });
});
