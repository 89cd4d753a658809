import assert from "node:assert/strict";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { describe, it } from "node:test";
import tls from "node:tls";
import { chainError, ownErrors } from "../../../../../src/extensions/transport_sockets/tls/tls-socket-handle.ts";
import { type Issued, TestCa } from "../../../../harness/certificates.ts";

const ca = new TestCa("CA");
const leaf = ca.issue({ commonName: "a" });

/** A server's TLS socket over an accepted one, once its handshake is over. */
async function handshake(client: Issued): Promise<{ server: tls.TLSSocket; close: () => void }> {
  const listener = net.createServer();
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  const peer = tls.connect({
    port,
    host: "127.0.0.1",
    rejectUnauthorized: false,
    cert: client.certPem,
    key: client.keyPem,
  });
  peer.on("error", () => {});
  const [raw] = (await once(listener, "connection")) as [net.Socket];
  raw.on("error", () => {});
  const secureContext = tls.createSecureContext({ cert: leaf.certPem, key: leaf.keyPem, ca: ca.certPem });
  const server = new tls.TLSSocket(raw, { isServer: true, secureContext, requestCert: true });
  ownErrors(server);
  await once(server, "secure");
  const close = (): void => {
    peer.destroy();
    server.destroy();
    listener.close();
  };
  return { server, close };
}

describe("The undocumented half of a server's TLS socket", () => {
  it("says why a chain is not trusted", async () => {
    const stranger = new TestCa("Other").issue({ commonName: "x" });
    const expired = ca.issue({ commonName: "x", validFromDays: -9, validToDays: -1 });
    for (const [certificate, expected] of [
      [leaf, null],
      [stranger, "UNABLE_TO_GET_ISSUER_CERT_LOCALLY"],
      [expired, "CERT_HAS_EXPIRED"],
    ] as const) {
      const { server, close } = await handshake(certificate);
      const error = chainError(server);
      if (expected === null) assert.equal(error, null);
      else assert.ok(error === expected || error === "UNABLE_TO_VERIFY_LEAF_SIGNATURE", String(error));
      close();
    }
  });

  it("tells of bytes after the handshake that are no TLS", async () => {
    const listener = net.createServer();
    listener.listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as AddressInfo;
    const relay = net.createServer((near) => {
      far = net.connect(port, "127.0.0.1");
      far.on("error", () => {});
      near.on("error", () => {});
      near.pipe(far).pipe(near);
    });
    let far: net.Socket | undefined;
    relay.listen(0, "127.0.0.1");
    await once(relay, "listening");
    const accepted = once(listener, "connection");
    const peer = tls.connect({
      port: (relay.address() as AddressInfo).port,
      host: "127.0.0.1",
      rejectUnauthorized: false,
    });
    peer.on("error", () => {});
    const [raw] = (await accepted) as [net.Socket];
    raw.on("error", () => {});
    const secureContext = tls.createSecureContext({ cert: leaf.certPem, key: leaf.keyPem });
    const server = new tls.TLSSocket(raw, { isServer: true, secureContext });
    ownErrors(server);
    await once(server, "secure");
    server.resume();
    const failed = once(server, "error");
    far?.write(Buffer.concat([Buffer.from("1703030020", "hex"), Buffer.alloc(32)]));
    const [error] = (await failed) as [NodeJS.ErrnoException];
    assert.match(String(error.code), /^ERR_SSL_/);
    server.destroy();
    peer.destroy();
    relay.close();
    listener.close();
  });
});
