import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import type { AddressInfo } from "node:net";
import { describe, it, type TestContext } from "node:test";
import { TestCa } from "../harness/certificates.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { tlsExchange } from "../harness/tls-client.ts";
import { downstreamTls, inlineCertificate, routingChain, tlsListener } from "../harness/tls-listener.ts";

const ca = new TestCa("Test CA");
const server = ca.issue({ commonName: "server", dns: ["a.test"], uri: ["spiffe://test/server"] });
const client = ca.issue({
  commonName: "client",
  organisation: 'O, "quoted"',
  dns: ["one.test", "two.test"],
  uri: ["spiffe://test/client"],
  email: ["client@test"],
  ip: ["10.0.0.1"],
});
const hostile = ca.issue({ commonName: "x", uri: ["spiffe://a;Hash=0,By=b\r\nx-admin: 1"] });

/** Starts a proxy whose listener asks for client certificates, before a server that answers with the XFCC header it got. */
async function start(t: TestContext, hcm: object) {
  const upstream = http.createServer((request, response) => {
    const others = Object.keys(request.headers).filter((name) => name === "x-admin");
    response.end(`[${request.headers["x-forwarded-client-cert"] ?? "none"}${others}]`);
  });
  upstream.listen(0, "127.0.0.1");
  await once(upstream, "listening");
  t.after(() => upstream.close());
  const { port } = upstream.address() as AddressInfo;
  const context = {
    common_tls_context: {
      tls_certificates: [inlineCertificate(server)],
      validation_context: { trusted_ca: { inline_string: ca.certPem } },
    },
  };
  const endpoint = { address: { socket_address: { address: "127.0.0.1", port_value: port } } };
  const up = { name: "up", load_assignment: { cluster_name: "up", endpoints: [{ lb_endpoints: [{ endpoint }] }] } };
  const proxy = await startTestProxy(t, {
    config: {
      static_resources: {
        listeners: [tlsListener(routingChain(downstreamTls(context), "up", hcm))],
        clusters: [up],
      },
    },
  });
  const received = async (identity: typeof client | null, given?: string): Promise<string> => {
    const { response } = await tlsExchange(
      { port: proxy.port(), ...(identity && { cert: identity.certPem, key: identity.keyPem }) },
      given === undefined ? "" : `x-forwarded-client-cert: ${given}\r\n`,
    );
    return /\[(.*)\]$/s.exec(response)?.[1] ?? response;
  };
  return { proxy, received };
}

describe("x-forwarded-client-cert", () => {
  const own = `By=spiffe://test/server;Hash=${client.hash}`;
  const modes = [
    // mode, with a certificate, without one
    ["SANITIZE", "none", "none"],
    ["FORWARD_ONLY", "given", "none"],
    ["APPEND_FORWARD", `given,${own}`, "none"],
    ["SANITIZE_SET", own, "none"],
    ["ALWAYS_FORWARD_ONLY", "given", "given"],
  ] as const;

  it("is forwarded, replaced, extended or removed as forward_client_cert_details says", async (t) => {
    for (const [mode, withCertificate, without] of modes) {
      const { received } = await start(t, { forward_client_cert_details: mode });
      assert.equal(await received(client, "given"), withCertificate, mode);
      assert.equal(await received(null, "given"), without, mode);
    }
  });

  it("holds the details that are asked for, in Envoy's order", async (t) => {
    const { received } = await start(t, {
      forward_client_cert_details: "SANITIZE_SET",
      set_current_client_cert_details: { subject: true, cert: true, chain: true, dns: true, uri: true },
    });
    const encoded = (pem: string): string =>
      pem.replace(/[\n +/=]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`);
    const expected = [
      own,
      `Cert="${encoded(client.certPem)}"`,
      `Chain="${encoded(client.certPem)}"`,
      'Subject="CN=client,O=O\\, \\"quoted\\""',
      "URI=spiffe://test/client",
      "DNS=one.test",
      "DNS=two.test",
    ];
    assert.equal(await received(client), expected.join(";"));
  });

  it("takes no elements and no headers from a hostile certificate", async (t) => {
    const { received } = await start(t, {
      forward_client_cert_details: "SANITIZE_SET",
      set_current_client_cert_details: { uri: true },
    });
    assert.equal(
      await received(hostile, "forged"),
      `By=spiffe://test/server;Hash=${hostile.hash};URI="spiffe://a;Hash=0,By=b%0D%0Ax-admin: 1"`,
    );
  });
});

describe("The admin interface", () => {
  it("shows certificates with what is left of their time, and no key anywhere", async (t) => {
    const { proxy } = await start(t, {});
    const { certificates } = JSON.parse((await proxy.admin("/certs")).body);
    const [{ ca_cert, cert_chain }] = certificates;
    const time = (text: string): string => new Date(text).toISOString().replace(".000Z", "Z");
    assert.deepEqual(cert_chain, [
      {
        path: "<inline>",
        serial_number: server.certificate.serialNumber.toLowerCase(),
        subject_alt_names: [{ dns: "a.test" }, { uri: "spiffe://test/server" }],
        days_until_expiration: "29",
        valid_from: time(server.certificate.validFrom),
        expiration_time: time(server.certificate.validTo),
      },
    ]);
    assert.equal(certificates.length, 1);
    assert.equal((await proxy.stats("server")).get("server.days_until_first_cert_expiring"), 29);
    assert.equal(ca_cert[0].serial_number, ca.issued.certificate.serialNumber.toLowerCase());
    for (const page of ["/certs", "/config_dump", "/listeners?format=json", "/config_status?format=json"]) {
      assert.doesNotMatch((await proxy.admin(page)).body, /PRIVATE KEY/, page);
    }
    assert.match((await proxy.admin("/config_dump")).body, /\[redacted\]/);
  });
});

describe("Access log operators about TLS", () => {
  const operators: readonly (readonly [string, string | RegExp])[] = [
    ["DOWNSTREAM_TLS_VERSION", "TLSv1.3"],
    ["DOWNSTREAM_TLS_CIPHER", "TLS_AES_128_GCM_SHA256"],
    ["DOWNSTREAM_TLS_SESSION_ID", /^[0-9a-f]{64}$/],
    ["REQUESTED_SERVER_NAME", "a.test"],
    ["DOWNSTREAM_PEER_SUBJECT", 'CN=client,O=O\\, \\"quoted\\"'],
    ["DOWNSTREAM_PEER_ISSUER", "CN=Test CA"],
    ["DOWNSTREAM_PEER_SERIAL", client.certificate.serialNumber.toLowerCase()],
    ["DOWNSTREAM_PEER_FINGERPRINT_256", client.hash],
    ["DOWNSTREAM_PEER_FINGERPRINT_1", client.certificate.fingerprint.replaceAll(":", "").toLowerCase()],
    ["DOWNSTREAM_PEER_CERT", /^-----BEGIN%20CERTIFICATE-----%0A[\w%]+-----END%20CERTIFICATE-----%0A$/],
    ["DOWNSTREAM_PEER_CERT_V_START(%Y)", String(new Date(client.certificate.validFrom).getUTCFullYear())],
    ["DOWNSTREAM_PEER_CERT_V_END", new Date(client.certificate.validTo).toISOString()],
    ["DOWNSTREAM_PEER_URI_SAN", "spiffe://test/client"],
    ["DOWNSTREAM_PEER_DNS_SAN", "one.test,two.test"],
    ["DOWNSTREAM_PEER_IP_SAN", "10.0.0.1"],
    ["DOWNSTREAM_PEER_EMAIL_SAN", "client@test"],
    ["DOWNSTREAM_PEER_CHAIN_FINGERPRINTS_256", client.hash],
    ["DOWNSTREAM_PEER_CHAIN_SERIALS", client.certificate.serialNumber.toLowerCase()],
    ["DOWNSTREAM_LOCAL_SUBJECT", "CN=server"],
    ["DOWNSTREAM_LOCAL_URI_SAN", "spiffe://test/server"],
    ["DOWNSTREAM_LOCAL_DNS_SAN", "a.test"],
  ];

  it("say what the connection has, and - for what it has not", async (t) => {
    const text = `LOG|${operators.map(([name]) => `%${name}%`).join("|")}\n`;
    const log = {
      name: "envoy.access_loggers.stdout",
      typed_config: {
        "@type": "type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog",
        log_format: { text_format_source: { inline_string: text } },
      },
    };
    const { proxy } = await start(t, { access_log: [log] });
    const lines = (): string[][] => [...proxy.logs.matchAll(/^LOG\|(.*)\n/gm)].map((match) => match[1]!.split("|"));
    await tlsExchange({ port: proxy.port(), servername: "a.test", cert: client.certPem, key: client.keyPem });
    await proxy.until("the first line", async () => lines().length === 1);
    for (const [index, [name, expected]] of operators.entries()) {
      const value = lines()[0]![index]!;
      if (typeof expected === "string") assert.equal(value, expected, name);
      else assert.match(value, expected, name);
    }
    await tlsExchange({ port: proxy.port() });
    await proxy.until("the second line", async () => lines().length === 2);
    const empty = operators.flatMap(([name], index) => (lines()[1]![index] === "-" ? [name] : []));
    assert.deepEqual(
      empty,
      operators.map(([name]) => name).filter((name) => name.includes("PEER") || name === "REQUESTED_SERVER_NAME"),
    );
  });
});
