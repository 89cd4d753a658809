import assert from "node:assert/strict";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { targetOptions } from "../../../../src/upstream/connect/happy-eyeballs.ts";

async function listen(t: TestContext, host: string, port = 0): Promise<number> {
  const server = net.createServer((socket) => socket.on("error", () => {})).listen(port, host);
  t.after(() => server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

async function connectTo(t: TestContext, port: number, ip: string, additional: string[]): Promise<net.Socket> {
  // Addresses of loopback answer or refuse: only a machine that is held up would need longer.
  const patient = additional.length > 0 ? { autoSelectFamilyAttemptTimeout: 30_000 } : {};
  const socket = net.connect({ port, ...targetOptions(ip, additional), ...patient });
  t.after(() => socket.destroy());
  await once(socket, "connect");
  return socket;
}

describe("A connection to a host of several addresses", () => {
  it("goes to its first one, if that answers", async (t) => {
    const port = await listen(t, "127.0.0.1");
    await listen(t, "127.0.0.2", port);
    assert.equal((await connectTo(t, port, "127.0.0.2", ["127.0.0.1"])).remoteAddress, "127.0.0.2");
  });

  for (const [ip, additional] of [
    ["::1", ["127.0.0.1"]],
    ["127.0.0.3", ["127.0.0.1"]],
    ["127.0.0.3", ["127.0.0.4", "::1", "127.0.0.1"]],
  ] as const) {
    it(`goes to the last of ${[ip, ...additional].join(", ")}, if the others refuse`, async (t) => {
      const port = await listen(t, "127.0.0.1");
      assert.equal((await connectTo(t, port, ip, [...additional])).remoteAddress, "127.0.0.1");
    });
  }

  it("ends with the system's word, if all refuse", async (t) => {
    const port = await listen(t, "127.0.0.1");
    await assert.rejects(connectTo(t, port, "127.0.0.3", ["::1"]), { code: "ECONNREFUSED" });
  });

  it("takes the next address after 300 ms, and looks up nothing for a host of one address", () => {
    assert.equal(targetOptions("::1", ["127.0.0.1"]).autoSelectFamilyAttemptTimeout, 300);
    assert.deepEqual(targetOptions("::1", []), { host: "::1" });
  });
});
