import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Issued, TestCa } from "../harness/certificates.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { tlsExchange } from "../harness/tls-client.ts";
import { answeringChain, downstreamTls, inlineCertificate, tlsListener } from "../harness/tls-listener.ts";

const ca = new TestCa("Test CA");
const server = ca.issue({ commonName: "a.test", dns: ["a.test"] });
const OK = /^HTTP\/1\.1 200 OK\r\n[\s\S]*hello over tls$/;

describe("Client certificates", () => {
  const trusted = ca.issue({
    commonName: "client",
    dns: ["client.test"],
    uri: ["spiffe://test/client"],
    email: ["client@test"],
    ip: ["10.0.0.1"],
    otherName: { oid: "1.3.6.1.4.1.311.20.2.3", value: "client@upn" },
  });
  const stranger = new TestCa("Other CA").issue({ commonName: "stranger", dns: ["client.test"] });
  const expired = ca.issue({ commonName: "expired", validFromDays: -10, validToDays: -1 });
  const wildcard = ca.issue({ commonName: "wildcard", dns: ["*.client.test"] });
  const revoked = ca.issue({ commonName: "revoked", dns: ["client.test"] });
  const nul = ca.issue({ commonName: "nul", dns: ["client.test\0.evil"] });
  const middle = new TestCa("Middle CA", ca);
  const chained = middle.issue({ commonName: "chained", dns: ["client.test"] });
  const trusted_ca = { inline_string: ca.certPem };
  const san = (san_type: string, matcher: object, oid?: string) => ({
    trusted_ca,
    match_typed_subject_alt_names: [{ san_type, matcher, ...(oid && { oid }) }],
  });

  /** Who is let in, and which counter tells of the others. */
  const matrix: readonly {
    readonly what: string;
    readonly validation?: object;
    readonly require?: boolean;
    readonly certificate: Pick<Issued, "certPem" | "keyPem"> | null;
    readonly counts: string | null;
    /** Default: whether nothing is counted. */
    readonly accepted?: boolean;
  }[] = [
    { what: "none, none asked for", certificate: null, counts: null },
    { what: "none, optional", validation: { trusted_ca }, certificate: null, counts: null },
    {
      what: "none, required",
      validation: { trusted_ca },
      require: true,
      certificate: null,
      counts: "fail_verify_no_cert",
    },
    { what: "trusted, required", validation: { trusted_ca }, require: true, certificate: trusted, counts: null },
    { what: "trusted, optional", validation: { trusted_ca }, certificate: trusted, counts: null },
    {
      what: "untrusted, required",
      validation: { trusted_ca },
      require: true,
      certificate: stranger,
      counts: "fail_verify_error",
    },
    { what: "untrusted, optional", validation: { trusted_ca }, certificate: stranger, counts: "fail_verify_error" },
    { what: "expired", validation: { trusted_ca }, certificate: expired, counts: "fail_verify_error" },
    { what: "any, required without a CA", require: true, certificate: stranger, counts: null },
    {
      what: "untrusted, accepted",
      validation: { trusted_ca, trust_chain_verification: "ACCEPT_UNTRUSTED" },
      certificate: stranger,
      counts: "fail_verify_error",
      accepted: true,
    },
    { what: "DNS name", validation: san("DNS", { exact: "client.test" }), certificate: trusted, counts: null },
    {
      what: "other DNS name",
      validation: san("DNS", { exact: "x.test" }),
      certificate: trusted,
      counts: "fail_verify_san",
    },
    { what: "DNS wildcard", validation: san("DNS", { exact: "x.client.test" }), certificate: wildcard, counts: null },
    {
      what: "DNS wildcard over two labels",
      validation: san("DNS", { exact: "x.y.client.test" }),
      certificate: wildcard,
      counts: "fail_verify_san",
    },
    {
      what: "DNS name with a NUL",
      validation: san("DNS", { exact: "client.test" }),
      certificate: nul,
      counts: "fail_verify_san",
    },
    { what: "URI", validation: san("URI", { prefix: "spiffe://test/" }), certificate: trusted, counts: null },
    {
      what: "URI as DNS",
      validation: san("DNS", { prefix: "spiffe://test/" }),
      certificate: trusted,
      counts: "fail_verify_san",
    },
    { what: "mail", validation: san("EMAIL", { suffix: "@test" }), certificate: trusted, counts: null },
    { what: "IP", validation: san("IP_ADDRESS", { exact: "10.0.0.1" }), certificate: trusted, counts: null },
    {
      what: "other name",
      validation: san("OTHER_NAME", { contains: "@upn" }, "1.3.6.1.4.1.311.20.2.3"),
      certificate: trusted,
      counts: null,
    },
    {
      what: "other name of another type",
      validation: san("OTHER_NAME", { contains: "@upn" }, "1.3.6.1.4.1.311.20.2.4"),
      certificate: trusted,
      counts: "fail_verify_san",
    },
    {
      what: "SAN by pattern",
      validation: san("DNS", { safe_regex: { regex: "client\\..*" } }),
      certificate: trusted,
      counts: null,
    },
    {
      what: "no certificate for a SAN",
      validation: san("DNS", { exact: "a" }),
      certificate: null,
      counts: "fail_verify_no_cert",
    },
    { what: "hash", validation: { verify_certificate_hash: [stranger.hash] }, certificate: stranger, counts: null },
    {
      what: "other hash",
      validation: { verify_certificate_hash: [stranger.hash] },
      certificate: trusted,
      counts: "fail_verify_cert_hash",
    },
    {
      what: "public key",
      validation: { verify_certificate_spki: [stranger.spki] },
      certificate: stranger,
      counts: null,
    },
    {
      what: "public key or hash",
      validation: { verify_certificate_spki: [stranger.spki], verify_certificate_hash: [trusted.hash] },
      certificate: trusted,
      counts: null,
    },
    {
      what: "trusted, of another public key",
      validation: { trusted_ca, verify_certificate_spki: [stranger.spki] },
      certificate: trusted,
      counts: "fail_verify_cert_hash",
    },
    {
      what: "not revoked",
      validation: { trusted_ca, crl: { inline_string: ca.revoke(revoked) } },
      certificate: trusted,
      counts: null,
    },
    {
      what: "revoked",
      validation: { trusted_ca, crl: { inline_string: ca.revoke(revoked) } },
      certificate: revoked,
      counts: "fail_verify_error",
    },
    {
      what: "of an intermediate CA that is sent along",
      validation: { trusted_ca },
      certificate: { certPem: chained.certPem + middle.certPem, keyPem: chained.keyPem },
      counts: null,
    },
    {
      what: "of an intermediate CA, as deep as may be",
      validation: { trusted_ca, max_verify_depth: 2 },
      certificate: { certPem: chained.certPem + middle.certPem, keyPem: chained.keyPem },
      counts: null,
    },
    {
      what: "of an intermediate CA, deeper than may be",
      validation: { trusted_ca, max_verify_depth: 1 },
      certificate: { certPem: chained.certPem + middle.certPem, keyPem: chained.keyPem },
      counts: "fail_verify_error",
    },
    {
      what: "of the CA itself, as deep as may be",
      validation: { trusted_ca, max_verify_depth: 1 },
      certificate: trusted,
      counts: null,
    },
    {
      what: "of a CA where none may be",
      validation: { trusted_ca, max_verify_depth: 0 },
      certificate: trusted,
      counts: "fail_verify_error",
    },
    {
      what: "of an intermediate CA that is not sent",
      validation: { trusted_ca },
      certificate: chained,
      counts: "fail_verify_error",
    },
    {
      what: "of an intermediate CA that is trusted itself",
      validation: { trusted_ca: { inline_string: middle.certPem } },
      certificate: chained,
      counts: null,
    },
  ];

  it("are judged as the configuration says, in TLS 1.2 and 1.3", async (t) => {
    const listeners = matrix.map(({ validation, require }, index) => ({
      ...tlsListener(
        answeringChain(
          downstreamTls({
            common_tls_context: {
              tls_certificates: [inlineCertificate(server)],
              ...(validation !== undefined && { validation_context: validation }),
            },
            require_client_certificate: require ?? false,
          }),
        ),
      ),
      name: `row${index}`,
      stat_prefix: `row${index}`,
    }));
    const proxy = await startTestProxy(t, { config: { static_resources: { listeners } } });
    for (const [index, { what, certificate, counts, accepted = counts === null }] of matrix.entries()) {
      const port = proxy.port(`row${index}`);
      const identity = certificate === null ? {} : { cert: certificate.certPem, key: certificate.keyPem };
      const newer = await tlsExchange({ port, ...identity });
      const older = await tlsExchange({ port, ...identity, maxVersion: "TLSv1.2" });
      const stats = await proxy.stats(`listener\\.row${index}\\.ssl\\.`);
      const counted = [...stats].filter(([name, n]) => n > 0 && name.includes("fail_verify"));
      assert.deepEqual(counted, counts === null ? [] : [[`listener.row${index}.ssl.${counts}`, 2]], what);
      for (const { response } of [newer, older]) {
        if (accepted) assert.match(response, OK, what);
        else assert.equal(response, "", what);
      }
    }
  });

  it("that are judged by their chain's depth have no sessions, so that who was refused can't resume one", async (t) => {
    const context = (max_verify_depth: number) =>
      downstreamTls({
        common_tls_context: {
          tls_certificates: [inlineCertificate(server)],
          validation_context: { trusted_ca, max_verify_depth },
        },
        require_client_certificate: true,
      });
    const listeners = [1, 2].map((depth) => ({
      ...tlsListener(answeringChain(context(depth))),
      name: `depth${depth}`,
    }));
    const proxy = await startTestProxy(t, { config: { static_resources: { listeners } } });
    const identity = { cert: chained.certPem + middle.certPem, key: chained.keyPem };
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      for (const depth of [1, 2]) {
        const port = proxy.port(`depth${depth}`);
        const { session } = await tlsExchange({ port, maxVersion, ...identity });
        const again = await tlsExchange({ port, maxVersion, ...identity, ...(session && { session }) });
        assert.equal(again.reused, false);
        assert.equal(again.response !== "", depth === 2);
      }
    }
  });

  it("choose the route: tls_context", async (t) => {
    const answer = (text: string, tls_context?: object) => ({
      match: { prefix: "/", ...(tls_context && { tls_context }) },
      direct_response: { status: 200, body: { inline_string: text } },
    });
    const routes = [
      answer("validated", { validated: true }),
      answer("presented", { presented: true }),
      answer("neither"),
    ];
    const route_config = { name: "routes", virtual_hosts: [{ name: "all", domains: ["*"], routes }] };
    const validation_context = { trusted_ca, trust_chain_verification: "ACCEPT_UNTRUSTED" };
    const tls = downstreamTls({
      common_tls_context: { tls_certificates: [inlineCertificate(server)], validation_context },
    });
    const listeners = [tlsListener(answeringChain(tls, { route_config }))];
    const proxy = await startTestProxy(t, { config: { static_resources: { listeners } } });
    for (const [certificate, route] of [
      [trusted, "validated"],
      [stranger, "presented"],
      [null, "neither"],
    ] as const) {
      const identity = certificate === null ? {} : { cert: certificate.certPem, key: certificate.keyPem };
      const { response } = await tlsExchange({ port: proxy.port("tls"), ...identity });
      assert.match(response, new RegExp(`\r\n${route}$`));
    }
  });
});
