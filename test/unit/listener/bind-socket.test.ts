import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { describe, it } from "node:test";
import { bindSocket } from "../../../src/listener/bind-socket.ts";
import type { ListenerData } from "../../../src/listener/listener-data.ts";
import { duplicateAddresses, listeningSocketSpecs } from "../../../src/listener/listening-socket-spec.ts";
import { listenerSample } from "./listener-sample.ts";

function specAt(port: number, ip = "127.0.0.1", changes: Partial<ListenerData> = {}) {
  const addresses: ListenerData["addresses"] = [{ address: { type: "ip", ip, port }, ipv6Only: false }];
  return listeningSocketSpecs(listenerSample("x", { addresses, ...changes }))[0]!;
}

describe("bindSocket", () => {
  it("binds one socket after another to the port that the first one got", () => {
    const spec = specAt(0);
    const first = bindSocket(spec, { ours: false });
    const { port } = first.address();
    assert.notEqual(port, 0);
    const second = bindSocket(spec, { port, ours: true });
    assert.equal(second.address().port, port);
    first.close();
    second.close();
  });

  for (const reusePort of [true, false]) {
    it(`fails when another socket listens there that ${reusePort ? "would share" : "would not share"} the port`, async () => {
      const stranger = net.createServer().listen({ port: 0, host: "127.0.0.1", reusePort });
      await once(stranger, "listening");
      const { port } = stranger.address() as net.AddressInfo;
      const message = `cannot bind 127.0.0.1:${port} for listener "x": address already in use`;
      assert.throws(() => bindSocket(specAt(port), { ours: false }), { message });
      assert.throws(() => bindSocket(specAt(port, "127.0.0.1", { reusePort: false }), { ours: false }), { message });
      stranger.close();
    });
  }

  it("says when the machine has no such address", () => {
    assert.throws(() => bindSocket(specAt(1, "192.0.2.1"), { ours: false }), {
      message: 'cannot bind 192.0.2.1:1 for listener "x": this machine has no such address',
    });
  });

  it("binds no Unix-domain sockets, which could not be moved", () => {
    const addresses: ListenerData["addresses"] = [{ address: { type: "pipe", path: "/x", mode: 0 }, ipv6Only: false }];
    const spec = listeningSocketSpecs(listenerSample("x", { addresses }))[0]!;
    assert.throws(() => bindSocket(spec, { ours: false }), { message: "cannot bind /x here: a worker has to" });
  });
});

describe("duplicateAddresses", () => {
  it("finds listeners with the address of another one, but for port 0", () => {
    const at = (name: string, port: number) =>
      listenerSample(name, { addresses: [{ address: { type: "ip", ip: "127.0.0.1", port }, ipv6Only: false }] });
    assert.deepEqual(duplicateAddresses([at("a", 80), at("b", 0), at("c", 80), at("d", 0), at("e", 81)]), [
      { listener: "c", message: 'the address 127.0.0.1:80 is that of listener "a"' },
    ]);
  });
});

describe("Socket keys", () => {
  const key = (name: string, port: number, changes: Partial<ListenerData> = {}) => {
    const addresses: ListenerData["addresses"] = [{ address: { type: "ip", ip: "::1", port }, ipv6Only: false }];
    return listeningSocketSpecs(listenerSample(name, { addresses, ...changes }))[0]!.key;
  };

  it("are equal for all that can use one socket", () => {
    assert.equal(key("a", 80), key("b", 80, { chains: [], bufferLimitBytes: 1 }));
  });

  it("differ with what a socket is bound with, and with the owner of port 0", () => {
    const keys = [
      key("a", 80),
      key("a", 81),
      key("a", 0),
      key("b", 0),
      key("a", 80, { backlog: 1 }),
      key("a", 80, { balance: "exact" }),
      key("a", 80, { balance: "exact", reusePort: false }),
      key("a", 80, { addresses: [{ address: { type: "ip", ip: "::1", port: 80 }, ipv6Only: true }] }),
    ];
    assert.equal(new Set(keys).size, keys.length);
  });
});
