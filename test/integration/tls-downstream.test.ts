import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import tls from "node:tls";
import { type Issued, TestCa } from "../harness/certificates.ts";
import type { RunningProxy, StartProxyOptions } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { tlsExchange } from "../harness/tls-client.ts";
import { answeringChain, downstreamTls, inlineCertificate, tlsListener } from "../harness/tls-listener.ts";

const ca = new TestCa("Test CA");
const server = ca.issue({ commonName: "a.test", dns: ["a.test"] });

async function start(
  t: TestContext,
  context: object,
  others: Partial<StartProxyOptions> & { chain?: object; hcm?: object } = {},
) {
  const { chain, hcm, ...options } = others;
  const filterChain = { ...answeringChain(downstreamTls(context), hcm), ...chain };
  return startTestProxy(t, {
    config: { static_resources: { listeners: [tlsListener(filterChain)] } },
    ...options,
  });
}

function withCertificates(certificates: readonly Issued[], common: object = {}, others: object = {}): object {
  return { common_tls_context: { tls_certificates: certificates.map(inlineCertificate), ...common }, ...others };
}

/** Stats of `listener.tls.ssl`, those that are 0 left out. */
async function sslStats(proxy: RunningProxy): Promise<Record<string, number>> {
  const stats = await proxy.stats("listener\\.tls\\.ssl");
  return Object.fromEntries(
    [...stats].filter(([, n]) => n > 0).map(([name, n]) => [name.slice("listener.tls.ssl.".length), n]),
  );
}

/** Runs a program to its end; what it wrote to stdout and stderr. It need not succeed. */
function run(command: string, args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { timeout: 60_000 }, (_error, stdout, stderr) =>
      resolve(`${stdout}${stderr}`),
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end(input);
  });
}

/** When it has closed, with an error or without. */
async function closed(socket: net.Socket): Promise<void> {
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
}

const OK = /^HTTP\/1\.1 200 OK\r\n[\s\S]*hello over tls$/;

describe("A TLS listener", () => {
  it("answers a client that verifies its certificate, and counts the handshake", async (t) => {
    const proxy = await start(t, withCertificates([server]));
    const exchange = await tlsExchange({
      port: proxy.port(),
      servername: "a.test",
      ca: ca.certPem,
      rejectUnauthorized: true,
    });
    assert.match(exchange.response, OK);
    assert.deepEqual([exchange.version, exchange.cipher], ["TLSv1.3", "TLS_AES_128_GCM_SHA256"]);
    assert.deepEqual(await sslStats(proxy), {
      handshake: 1,
      no_certificate: 1,
      "ciphers.TLS_AES_128_GCM_SHA256": 1,
      "versions.TLSv1.3": 1,
    });
  });

  it("answers curl", async (t) => {
    const proxy = await start(t, withCertificates([server], { alpn_protocols: ["h2", "http/1.1"] }));
    const caFile = path.join(proxy.folder, "ca.pem");
    writeFileSync(caFile, ca.certPem);
    const url = `https://a.test:${proxy.port()}/`;
    const output = await run("curl", [
      "-sS",
      "--http1.1",
      "--cacert",
      caFile,
      "--resolve",
      `a.test:${proxy.port()}:127.0.0.1`,
      url,
    ]);
    assert.equal(output, "hello over tls");
  });

  it("speaks the configured versions and ciphers only", async (t) => {
    const proxy = await start(
      t,
      withCertificates([server], {
        tls_params: {
          tls_maximum_protocol_version: "TLSv1_2",
          cipher_suites: ["ECDHE-ECDSA-AES256-GCM-SHA384"],
        },
      }),
    );
    const good = await tlsExchange({ port: proxy.port() });
    assert.deepEqual([good.version, good.cipher], ["TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"]);
    const newer = await tlsExchange({ port: proxy.port(), minVersion: "TLSv1.3" });
    assert.equal(newer.error, "ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION");
    const otherCipher = await tlsExchange({ port: proxy.port(), ciphers: "ECDHE-ECDSA-AES128-GCM-SHA256" });
    assert.match(otherCipher.error, /HANDSHAKE_FAILURE/);
    assert.equal((await sslStats(proxy)).connection_error, 2);
  });

  it("agrees on a protocol by ALPN, its own order first, and refuses a client that shares none", async (t) => {
    const proxy = await start(t, withCertificates([server], { alpn_protocols: ["http/1.1", "http/1.0"] }));
    const alpn = async (...ALPNProtocols: string[]) => tlsExchange({ port: proxy.port(), ALPNProtocols });
    assert.equal((await alpn("http/1.0", "http/1.1")).alpn, "http/1.1");
    assert.equal((await alpn()).alpn, false);
    assert.equal((await alpn("spdy/3")).error, "ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL");
  });

  it("chooses certificates by the name that the client asks for and by what it can verify", async (t) => {
    const rsa = ca.issue({ commonName: "rsa-a", dns: ["a.test"], keyType: "rsa" });
    const ec = ca.issue({ commonName: "ec-a", dns: ["a.test"] });
    const wildcard = ca.issue({ commonName: "wild", dns: ["*.b.test"] });
    const proxy = await start(t, withCertificates([rsa, ec, wildcard]));
    const named = async (servername: string, ciphers?: string) =>
      (
        await tlsExchange({
          port: proxy.port(),
          ...(servername && { servername }),
          ...(ciphers && { ciphers, maxVersion: "TLSv1.2" as const }),
        })
      ).server;
    const rows = [
      ["a.test", undefined, "rsa-a"],
      ["A.TEST", undefined, "rsa-a"],
      ["a.test", "ECDHE-RSA-AES128-GCM-SHA256", "rsa-a"],
      ["x.b.test", undefined, "wild"],
      ["x.y.b.test", undefined, "rsa-a"],
      ["unknown", undefined, "rsa-a"],
      ["", undefined, "ec-a"],
      ["", "ECDHE-RSA-AES128-GCM-SHA256", "rsa-a"],
    ] as const;
    for (const [name, ciphers, expected] of rows)
      assert.equal(await named(name, ciphers), expected, `${name} ${ciphers}`);
  });

  it("serves an RSA and an ECDSA certificate of the same names, each to the clients that can verify it", async (t) => {
    const rsa = ca.issue({ commonName: "rsa", dns: ["a.test"], keyType: "rsa" });
    const ec = ca.issue({ commonName: "ec", dns: ["a.test"] });
    const proxy = await start(t, withCertificates([rsa, ec]));
    const options = { port: proxy.port(), servername: "a.test" };
    const onlyRsa = { ciphers: "ECDHE-RSA-AES128-GCM-SHA256", maxVersion: "TLSv1.2" as const };
    assert.equal((await tlsExchange(options)).server, "ec");
    assert.equal((await tlsExchange({ ...options, ...onlyRsa })).server, "rsa");
  });

  it("closes connections that name no server, if it must know one", async (t) => {
    const proxy = await start(t, withCertificates([server], {}, { require_sni: true }));
    assert.equal((await tlsExchange({ port: proxy.port() })).response, "");
    assert.match((await tlsExchange({ port: proxy.port(), servername: "a.test" })).response, OK);
    assert.equal((await sslStats(proxy)).connection_error, 1);
  });

  it("carries large bodies both ways without loss", async (t) => {
    const text = "x".repeat(1000);
    const proxy = await start(t, withCertificates([server]), { hcm: {} });
    const socket = tls.connect({ host: "127.0.0.1", port: proxy.port(), rejectUnauthorized: false });
    let received = "";
    socket.on("data", (data) => {
      received += data.toString("latin1");
    });
    await once(socket, "secureConnect");
    for (let i = 0; i < 2000; i++) socket.write(`GET /${i} HTTP/1.1\r\nhost: a\r\nx-text: ${text}\r\n\r\n`);
    socket.end("GET /last HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    await closed(socket);
    assert.equal(received.match(/hello over tls/g)?.length, 2001);
  });
});

describe("Session resumption", () => {
  it("works whichever worker answers, in TLS 1.2 and 1.3", async (t) => {
    const proxy = await start(t, withCertificates([server]), { concurrency: 2 });
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const { session } = await tlsExchange({ port: proxy.port(), maxVersion, servername: "a.test" });
      assert.ok(session !== null);
      const resumed = await Promise.all(
        Array.from({ length: 24 }, () =>
          tlsExchange({ port: proxy.port(), maxVersion, servername: "a.test", session }),
        ),
      );
      assert.deepEqual(new Set(resumed.map(({ reused }) => reused)), new Set([true]), maxVersion);
    }
    const stats = await proxy.stats();
    assert.equal(stats.get("listener.tls.ssl.session_reused"), 48);
    for (const worker of ["worker_0", "worker_1"])
      assert.ok((stats.get(`listener.tls.${worker}.downstream_cx_total`) ?? 0) > 0);
  });

  it("works for openssl s_client", async (t) => {
    const proxy = await start(t, withCertificates([server]), { concurrency: 2 });
    const file = path.join(proxy.folder, "session");
    const args = ["s_client", "-connect", `127.0.0.1:${proxy.port()}`, "-servername", "a.test", "-ign_eof"];
    const request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
    assert.match(await run("openssl", [...args, "-sess_out", file], request), /New, TLSv1\.3/);
    assert.match(await run("openssl", [...args, "-sess_in", file], request), /Reused, TLSv1\.3[\s\S]*hello over tls/);
  });

  it("can be switched off", async (t) => {
    const proxy = await start(t, withCertificates([server], {}, { disable_stateless_session_resumption: true }));
    const first = await tlsExchange({ port: proxy.port(), servername: "a.test" });
    const session = first.session ?? undefined;
    const second = await tlsExchange({ port: proxy.port(), servername: "a.test", ...(session && { session }) });
    assert.equal(second.reused, false);
  });

  it("outlives the proxy with configured keys", async (t) => {
    const keys = { keys: [{ inline_bytes: Buffer.alloc(80, 5).toString("base64") }] };
    const context = withCertificates([server], {}, { session_ticket_keys: keys });
    const { session } = await tlsExchange({ port: (await start(t, context)).port(), servername: "a.test" });
    const other = await start(t, context);
    assert.equal((await tlsExchange({ port: other.port(), servername: "a.test", session: session! })).reused, true);
  });

  it("goes on through a change of keys: each of them is read, the first one seals", async (t) => {
    const key = (fill: number) => ({ inline_bytes: Buffer.alloc(80, fill).toString("base64") });
    const context = (...fills: number[]) =>
      withCertificates([server], {}, { session_ticket_keys: { keys: fills.map(key) } });
    const proxies = {
      before: await start(t, context(1)),
      between: await start(t, context(2, 1), { concurrency: 2 }),
      after: await start(t, context(3, 2)),
    };
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const exchange = (proxy: RunningProxy, session?: Buffer | null) =>
        tlsExchange({ port: proxy.port(), servername: "a.test", maxVersion, ...(session && { session }) });
      const old = await exchange(proxies.before);
      const renewed = await exchange(proxies.between, old.session);
      assert.deepEqual([renewed.reused, OK.test(renewed.response)], [true, true], `${maxVersion}: an old ticket`);
      assert.equal((await exchange(proxies.after, old.session)).reused, false, `${maxVersion}: its key is gone`);
      const latest = await exchange(proxies.after, renewed.session);
      assert.equal(latest.reused, true, `${maxVersion}: the ticket that came in its place`);
      assert.equal(
        (await exchange(proxies.between, latest.session)).reused,
        false,
        "sealed with a key not known there",
      );
    }
  });

  it("is not taken for a client certificate that has been revoked since", async (t) => {
    const client = ca.issue({ commonName: "client" });
    const config = (crl: string) => ({
      static_resources: {
        listeners: [
          tlsListener(
            answeringChain(
              downstreamTls(
                withCertificates([server], {
                  validation_context: { trusted_ca: { inline_string: ca.certPem }, crl: { inline_string: crl } },
                }),
              ),
            ),
          ),
        ],
      },
    });
    const proxy = await startTestProxy(t, { config: config(ca.revoke()) });
    const identity = { port: proxy.port(), servername: "a.test", cert: client.certPem, key: client.keyPem };
    const { session } = await tlsExchange(identity);
    assert.equal((await tlsExchange({ ...identity, session: session! })).reused, true);
    await proxy.reload(config(ca.revoke(client)));
    assert.equal((await tlsExchange({ ...identity, session: session! })).response, "");
    assert.equal((await sslStats(proxy)).fail_verify_error, 1);
  });
});

describe("Certificate files", () => {
  it("are watched: a swap under load fails no request and drops no connection", async (t) => {
    const next = ca.issue({ commonName: "next", dns: ["a.test"] });
    const folder = await start(t, withCertificates([server]));
    const certFile = path.join(folder.folder, "cert.pem");
    const keyFile = path.join(folder.folder, "key.pem");
    const write = ({ certPem, keyPem }: Issued): void => {
      writeFileSync(certFile, certPem);
      writeFileSync(keyFile, keyPem);
    };
    write(server);
    const context = {
      common_tls_context: {
        tls_certificates: [{ certificate_chain: { filename: certFile }, private_key: { filename: keyFile } }],
      },
    };
    const proxy = await start(t, context, { watch: true, concurrency: 2 });
    const port = proxy.port();
    const kept = tls.connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
    await once(kept, "secureConnect");
    const names: string[] = [];
    const failures: string[] = [];
    while (names.at(-1) !== "next" && names.length < 5000) {
      const { response, server: name, error } = await tlsExchange({ port, servername: "a.test" });
      names.push(name);
      if (!OK.test(response)) failures.push(error);
      if (names.length === 20) write(next);
    }
    assert.deepEqual(failures, []);
    assert.equal(names[0], "a.test");
    assert.equal(names.at(-1), "next");
    kept.write("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
    let answer = "";
    kept.on("data", (data: Buffer) => {
      answer += data.toString();
    });
    await closed(kept);
    assert.match(answer, OK);
    const stats = await proxy.stats("listener\\.tls\\.|draining");
    assert.equal(stats.get("listener_manager.total_filter_chains_draining") ?? 0, 0);
    assert.equal(stats.get("listener.tls.downstream_cx_drain_timeout"), 0);
  });

  it("that don't fit leave the certificates before in force, and say why", async (t) => {
    const folder = (await start(t, withCertificates([server]))).folder;
    const certFile = path.join(folder, "cert.pem");
    writeFileSync(certFile, server.certPem);
    const certificate = { certificate_chain: { filename: certFile }, private_key: { inline_string: server.keyPem } };
    const proxy = await start(t, { common_tls_context: { tls_certificates: [certificate] } }, { watch: true });
    writeFileSync(certFile, ca.issue({ commonName: "x" }).certPem);
    await proxy.waitForLog(/does not belong to the certificate in .*cert\.pem/);
    assert.equal((await tlsExchange({ port: proxy.port() })).server, "a.test");
  });
});

describe("Hostile clients", () => {
  it("gain nothing by capitals in the name that they ask for, inspected or not", async (t) => {
    const types = "type.googleapis.com/envoy.extensions.filters";
    const rules = {
      action: "DENY",
      policies: { a: { permissions: [{ requested_server_name: { exact: "a.test" } }], principals: [{ any: true }] } },
    };
    const hcm = {
      http_filters: [
        { name: "rbac", typed_config: { "@type": `${types}.http.rbac.v3.RBAC`, rules } },
        { name: "envoy.filters.http.router" },
      ],
    };
    const plain = tlsListener(answeringChain(downstreamTls(withCertificates([server])), hcm));
    const inspecting = {
      ...plain,
      name: "inspecting",
      stat_prefix: "inspecting",
      listener_filters: [{ name: "i", typed_config: { "@type": `${types}.listener.tls_inspector.v3.TlsInspector` } }],
    };
    const proxy = await startTestProxy(t, { config: { static_resources: { listeners: [plain, inspecting] } } });
    for (const listener of ["tls", "inspecting"]) {
      for (const servername of ["a.test", "A.TEST", "a.Test"]) {
        const { response } = await tlsExchange({ port: proxy.port(listener), servername });
        assert.match(response, /^HTTP\/1\.1 403 /, `${listener}: ${servername}`);
      }
      assert.match((await tlsExchange({ port: proxy.port(listener), servername: "b.test" })).response, OK);
    }
  });

  it("are counted and cut, and harm no one else", async (t) => {
    const other = ca.issue({ commonName: "other", dns: ["other.test"] });
    const proxy = await start(t, withCertificates([server, other]));
    const port = proxy.port();
    const raw = async (bytes: Buffer | string): Promise<void> => {
      const socket = net.connect(port, "127.0.0.1");
      socket.on("error", () => {});
      socket.on("data", () => {});
      socket.end(bytes);
      await closed(socket);
    };
    await raw("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await raw(Buffer.alloc(3000, 0x16));
    await raw(Buffer.from("160301020001000", "hex"));
    for (const servername of ["x".repeat(255), "..", "*.other.test", "a\0b", "__proto__", "ü.test"]) {
      await tlsExchange({ port, servername });
    }
    // Bytes that are no TLS behind a good handshake.
    const relay = net.createServer((near) => {
      const far = net.connect(port, "127.0.0.1");
      for (const socket of [near, far]) socket.on("error", () => {});
      near.pipe(far).pipe(near);
      // A pipe passes an end on, and no reset.
      far.on("close", () => near.destroy());
      near.on("close", () => far.destroy());
      relay.once("garble", () => far.write(Buffer.from(`1703030020${"00".repeat(32)}`, "hex")));
    });
    t.after(() => relay.close());
    relay.listen(0, "127.0.0.1");
    await once(relay, "listening");
    const garbled = tls.connect({ port: (relay.address() as net.AddressInfo).port, rejectUnauthorized: false });
    garbled.on("error", () => {});
    await once(garbled, "secureConnect");
    relay.emit("garble");
    garbled.resume();
    await closed(garbled);
    assert.match((await tlsExchange({ port, servername: "other.test" })).response, OK);
    const stats = await proxy.stats();
    assert.ok((stats.get("listener.tls.ssl.connection_error") ?? 0) >= 2);
    await proxy.untilStat("listener.tls.downstream_cx_active", 0);
    assert.doesNotMatch(proxy.logs, /crash|uncaught|\[critical\]/i);
  });

  it("that send half a hello and wait are cut by the deadline of the handshake", async (t) => {
    const chain = { transport_socket_connect_timeout: "0.3s" };
    const proxy = await start(t, withCertificates([server]), { chain });
    const slow = net.connect(proxy.port(), "127.0.0.1");
    slow.on("error", () => {});
    slow.resume();
    slow.write(Buffer.from("1603010200010001fc0303", "hex"));
    await closed(slow);
    assert.equal((await proxy.stats()).get("listener.tls.downstream_cx_transport_socket_connect_timeout"), 1);
  });

  it("that leave in the middle of a handshake leave nothing behind", async (t) => {
    const proxy = await start(t, withCertificates([server]));
    for (let i = 0; i < 50; i++) {
      const socket = tls.connect({ host: "127.0.0.1", port: proxy.port(), rejectUnauthorized: false });
      socket.on("error", () => {});
      socket.once("connect", () => setImmediate(() => socket.destroy()));
      await closed(socket);
    }
    await proxy.untilStat("listener.tls.downstream_cx_active", 0);
    assert.match((await tlsExchange({ port: proxy.port() })).response, OK);
  });
});

describe("OCSP staples", () => {
  const stapled = (validToDays: number, policy: string) => ({
    common_tls_context: {
      tls_certificates: [
        {
          ...inlineCertificate(server),
          ocsp_staple: { inline_bytes: ca.ocspResponse(server, validToDays).toString("base64") },
        },
      ],
    },
    ocsp_staple_policy: policy,
  });

  it("are sent to clients that ask for them", async (t) => {
    const proxy = await start(t, stapled(1, "LENIENT_STAPLING"));
    const { ocsp, response } = await tlsExchange({ port: proxy.port(), requestOCSP: true });
    assert.match(response, OK);
    assert.ok(ocsp?.includes(Buffer.from(server.certificate.serialNumber, "hex")));
    assert.match((await tlsExchange({ port: proxy.port() })).response, OK);
    const { ocsp_staple_requests, ocsp_staple_responses } = await sslStats(proxy);
    assert.deepEqual([ocsp_staple_requests, ocsp_staple_responses], [1, 1]);
  });

  it("are left out when they have expired, or end the handshake, as the policy says", async (t) => {
    const lenient = await start(t, stapled(-1, "LENIENT_STAPLING"));
    const omitted = await tlsExchange({ port: lenient.port(), requestOCSP: true });
    assert.match(omitted.response, OK);
    assert.equal(omitted.ocsp?.length ?? 0, 0);
    assert.equal((await sslStats(lenient)).ocsp_staple_omitted, 1);
    const strict = await start(t, stapled(-1, "STRICT_STAPLING"));
    assert.equal((await tlsExchange({ port: strict.port(), requestOCSP: true })).response, "");
    assert.equal((await sslStats(strict)).ocsp_staple_failed, 1);
  });
});

describe("The key log", () => {
  it("has the secrets of the connections that the ranges name", async (t) => {
    const folder = (await start(t, withCertificates([server]))).folder;
    const log = (range: string, file: string) =>
      withCertificates([server], {
        key_log: { path: path.join(folder, file), remote_address_range: [{ address_prefix: range, prefix_len: 8 }] },
      });
    const logged = await start(t, log("127.0.0.0", "keys"));
    await tlsExchange({ port: logged.port() });
    const other = await start(t, log("10.0.0.0", "no-keys"));
    await tlsExchange({ port: other.port() });
    assert.match(readFileSync(path.join(folder, "keys"), "utf8"), /^SERVER_HANDSHAKE_TRAFFIC_SECRET [0-9a-f]{64}/m);
    assert.equal(existsSync(path.join(folder, "no-keys")), false);
  });
});
