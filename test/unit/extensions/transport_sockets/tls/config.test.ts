import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, describe, it } from "node:test";
import { ConfigurationCompiler } from "../../../../../src/config/compiler/configuration-compiler.ts";
import { unpackResource } from "../../../../../src/config/compiler/resource-packing.ts";
import { loadCompilerTable } from "../../../../../src/extensions/compiler-table.ts";
import type { DownstreamTlsData } from "../../../../../src/extensions/transport_sockets/tls/tls-context-data.ts";
import { TestCa } from "../../../../harness/certificates.ts";
import { answeringChain, downstreamTls, inlineCertificate, tlsListener } from "../../../../harness/tls-listener.ts";

const ca = new TestCa("Test CA");
const leaf = ca.issue({ commonName: "a.test", dns: ["a.test", "*.b.test"] });
const table = await loadCompilerTable();
const folder = mkdtempSync(path.join(tmpdir(), "troupe-test-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

function compile(context: object, secrets: readonly object[] = []) {
  const config = {
    static_resources: { listeners: [tlsListener(answeringChain(downstreamTls(context)))], secrets },
  };
  return new ConfigurationCompiler(table).compile({ texts: [{ file: "c.json", content: JSON.stringify(config) }] });
}

/** The compiled context; fails with all problems if there is none. */
function compiled(context: object, secrets: readonly object[] = []): DownstreamTlsData {
  const outcome = compile(context, secrets);
  assert.ok(outcome.ok, JSON.stringify(outcome.problems, null, 1));
  const resource = outcome.changed.find(({ kind }) => kind === "tlsContext");
  return unpackResource(resource!.data) as DownstreamTlsData;
}

/** `last steps of the path: message` of each problem. */
function problems(context: object, secrets: readonly object[] = []): string[] {
  return compile(context, secrets).problems.map(
    ({ path: at, message }) => `${at.split("typed_config.").at(-1)}: ${message}`,
  );
}

function withCertificate(certificate: object, others: object = {}): object {
  return { common_tls_context: { tls_certificates: [certificate], ...others } };
}

const GOOD = inlineCertificate(leaf);
const IN_CERTIFICATE = "common_tls_context.tls_certificates[0]";

describe("A downstream TLS context", () => {
  it("has Envoy's defaults", () => {
    const { params, alpnProtocols, validation, sessionTickets, requireClientCertificate, ocspStaplePolicy } = compiled(
      withCertificate(GOOD),
    );
    assert.deepEqual([params.minVersion, params.maxVersion, params.curves], ["TLSv1.2", "TLSv1.3", "X25519:P-256"]);
    assert.match(params.ciphers, /^ECDHE-ECDSA-AES128-GCM-SHA256:.*:TLS_AES_128_GCM_SHA256:/);
    assert.deepEqual(
      { alpnProtocols, validation, sessionTickets, requireClientCertificate, ocspStaplePolicy },
      {
        alpnProtocols: [],
        validation: null,
        sessionTickets: { type: "derived" },
        requireClientCertificate: false,
        ocspStaplePolicy: "lenient",
      },
    );
  });

  it("reads certificates from files, from the environment and in place", () => {
    const certFile = write("cert.pem", leaf.certPem);
    const keyFile = write("key.pem", leaf.keyPem);
    process.env.TROUPE_TEST_KEY = leaf.keyPem;
    const sources = [
      [{ filename: certFile }, { filename: keyFile }, certFile],
      [
        { inline_bytes: Buffer.from(leaf.certPem).toString("base64") },
        { environment_variable: "TROUPE_TEST_KEY" },
        "<inline>",
      ],
    ] as const;
    for (const [certificate_chain, private_key, source] of sources) {
      const [certificate] = compiled(withCertificate({ certificate_chain, private_key })).certificates;
      assert.equal(certificate?.source, source);
      assert.equal(certificate?.chainPem, leaf.certPem);
      assert.deepEqual(certificate?.serverNames, ["a.test", "*.b.test"]);
    }
  });

  it("names the files that it was made of, so that they can be watched", () => {
    const certFile = write("watched-cert.pem", leaf.certPem);
    const keyFile = write("watched-key.pem", leaf.keyPem);
    const outcome = compile(
      withCertificate({ certificate_chain: { filename: certFile }, private_key: { filename: keyFile } }),
    );
    assert.deepEqual(
      outcome.files.map((file) => file.path),
      [certFile, keyFile],
    );
  });

  it("keeps its name when only the content of its files changes, and so does its listener", () => {
    const certFile = write("swap-cert.pem", leaf.certPem);
    const keyFile = write("swap-key.pem", leaf.keyPem);
    const context = withCertificate({ certificate_chain: { filename: certFile }, private_key: { filename: keyFile } });
    const before = compile(context);
    const next = ca.issue({ commonName: "a.test", dns: ["a.test"] });
    writeFileSync(certFile, next.certPem);
    writeFileSync(keyFile, next.keyPem);
    const later = compile(context);
    assert.ok(before.ok && later.ok);
    const hashes = (outcome: typeof before) =>
      new Map(outcome.resources.map(({ kind, name, hash }) => [`${kind} ${name}`, hash]));
    const differing = [...hashes(later)].filter(([name, hash]) => hashes(before).get(name) !== hash);
    assert.equal(hashes(before).size, hashes(later).size);
    assert.equal(differing.length, 1);
    assert.match(differing[0]![0], /^tlsContext tls\/tls-[0-9a-f]{12}$/);
  });

  it("decrypts an encrypted key with its password", () => {
    const encrypted = createPrivateKey(leaf.keyPem).export({
      type: "pkcs8",
      format: "pem",
      cipher: "aes-256-cbc",
      passphrase: "secret",
    }) as string;
    const certificate = {
      certificate_chain: { inline_string: leaf.certPem },
      private_key: { inline_string: encrypted },
    };
    const password = (text: string) => ({ ...certificate, password: { inline_string: text } });
    assert.match(compiled(withCertificate(password("secret"))).certificates[0]!.keyPem, /BEGIN PRIVATE KEY/);
    assert.deepEqual(problems(withCertificate(password("wrong"))), [
      `${IN_CERTIFICATE}.private_key: the key in <inline> can't be decrypted with the password that is given`,
    ]);
    assert.deepEqual(problems(withCertificate(certificate)), [
      `${IN_CERTIFICATE}.private_key: the key in <inline> is encrypted`,
    ]);
  });

  it("is refused with the name of the file and the place when a certificate can't be used", () => {
    const other = ca.issue({ commonName: "other" });
    const small = ca.issue({ commonName: "small", keyType: "rsa", keyBits: 1024 });
    const certFile = write("bad-cert.pem", leaf.certPem);
    const keyFile = write("bad-key.pem", other.keyPem);
    const cases: readonly (readonly [object, string])[] = [
      [
        { certificate_chain: { filename: certFile }, private_key: { filename: keyFile } },
        `private_key: the key in ${keyFile} does not belong to the certificate in ${certFile}`,
      ],
      [
        { certificate_chain: { filename: "/nowhere.pem" }, private_key: { inline_string: leaf.keyPem } },
        "certificate_chain.filename: can't read /nowhere.pem: ENOENT: no such file or directory, open '/nowhere.pem'",
      ],
      [
        { certificate_chain: { inline_string: "nothing" }, private_key: { inline_string: leaf.keyPem } },
        "certificate_chain: there is no certificate in <inline>",
      ],
      [inlineCertificate(small), "certificate_chain: the certificate in <inline> has an RSA key of 1024 bits"],
      [{ certificate_chain: { inline_string: leaf.certPem } }, "private_key: a TLS certificate needs a private_key"],
      [
        { certificate_chain: { inline_string: leaf.certPem }, private_key: { environment_variable: "TROUPE_NO_SUCH" } },
        "private_key.environment_variable: the environment has no variable TROUPE_NO_SUCH",
      ],
    ];
    for (const [certificate, message] of cases) {
      assert.ok(problems(withCertificate(certificate)).includes(`${IN_CERTIFICATE}.${message}`), message);
    }
  });

  it("warns of certificates that have expired or are not valid yet, with their subjects", () => {
    const expired = ca.issue({ commonName: "old", validFromDays: -10, validToDays: -1 });
    const early = ca.issue({ commonName: "new", validFromDays: 1 });
    const outcome = compile({ common_tls_context: { tls_certificates: [inlineCertificate(expired)] } });
    assert.ok(outcome.ok);
    assert.match(
      outcome.problems[0]!.message,
      /^the certificate in <inline> \(CN=old\) has expired: it was valid until /,
    );
    assert.match(
      problems(withCertificate(inlineCertificate(early)))[0]!,
      /\(CN=new\) is not valid yet: it will be from /,
    );
  });

  it("takes ciphers by the names of OpenSSL and IANA and in BoringSSL's groups, and refuses others", () => {
    const suites = (...cipher_suites: string[]) => withCertificate(GOOD, { tls_params: { cipher_suites } });
    const { ciphers } = compiled(
      suites(
        "[ECDHE-ECDSA-AES128-GCM-SHA256|ECDHE-ECDSA-CHACHA20-POLY1305]",
        "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
        "AES128-SHA",
      ),
    ).params;
    assert.match(
      ciphers,
      /^ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-AES256-GCM-SHA384:AES128-SHA:TLS_/,
    );
    assert.deepEqual(problems(suites("RC4-MD5")), [
      "common_tls_context.tls_params.cipher_suites[0]: there is no cipher RC4-MD5",
    ]);
  });

  it("refuses other values of tls_params by name", () => {
    const params = (tls_params: object) => problems(withCertificate(GOOD, { tls_params }));
    assert.deepEqual(params({ ecdh_curves: ["P-257"] }), [
      "common_tls_context.tls_params.ecdh_curves[0]: there is no curve P-257",
    ]);
    assert.deepEqual(params({ signature_algorithms: ["rot13"] }), [
      "common_tls_context.tls_params.signature_algorithms[0]: there is no signature algorithm rot13",
    ]);
    assert.deepEqual(params({ tls_minimum_protocol_version: "TLSv1_3", tls_maximum_protocol_version: "TLSv1_2" }), [
      "common_tls_context.tls_params: the minimum version TLSv1.3 is above the maximum version TLSv1.2",
    ]);
  });

  it("compiles how clients are judged", () => {
    const colons = leaf.hash.toUpperCase().match(/../g)!.join(":");
    const { validation } = compiled(
      withCertificate(GOOD, {
        validation_context: {
          trusted_ca: { inline_string: ca.certPem },
          crl: { inline_string: ca.revoke() },
          verify_certificate_hash: [colons],
          verify_certificate_spki: [leaf.spki],
          match_typed_subject_alt_names: [{ san_type: "URI", matcher: { prefix: "spiffe://" } }],
          trust_chain_verification: "ACCEPT_UNTRUSTED",
        },
      }),
    );
    assert.deepEqual(validation?.certificateHashes, [leaf.hash]);
    assert.deepEqual(validation?.spkiHashes, [leaf.spki]);
    assert.deepEqual(validation?.sanMatchers, [
      { type: "uri", matcher: { type: "prefix", value: "spiffe://", ignoreCase: false }, oid: "" },
    ]);
    assert.equal(validation?.acceptUntrusted, true);
    assert.equal(validation?.maxVerifyDepth, null);
    assert.equal(validation?.caPem, ca.certPem);
  });

  it("refuses validation that can't be, and what is not implemented, by name", () => {
    const validation = (validation_context: object) => problems(withCertificate(GOOD, { validation_context }));
    const at = "common_tls_context.validation_context";
    const trusted = { trusted_ca: { inline_string: ca.certPem } };
    assert.deepEqual(validation({ match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: "a" } }] }), [
      `${at}.match_typed_subject_alt_names: names of a certificate that nobody vouches for say nothing`,
    ]);
    assert.deepEqual(validation({ ...trusted, verify_certificate_hash: ["z".repeat(64)] }), [
      `${at}.verify_certificate_hash[0]: not a SHA-256 in hex`,
    ]);
    assert.deepEqual(validation({ trusted_ca: { inline_string: "x" } }), [
      `${at}.trusted_ca: there is no certificate in <inline>`,
    ]);
    for (const [field, value] of [
      ["allow_expired_certificate", true],
      ["only_verify_leaf_cert_crl", true],
    ] as const) {
      assert.match(validation({ ...trusted, [field]: value })[0]!, new RegExp(`${field} is not supported yet`));
    }
  });

  it("refuses secrets that would have to be fetched", () => {
    const config = { name: "x", sds_config: { ads: {} } };
    assert.match(
      problems({ common_tls_context: { tls_certificate_sds_secret_configs: [config] } })[0]!,
      /sds_config\.ads: ads is not supported yet: secrets come from the configuration and from files$/,
    );
  });

  it("refuses a staple that is about another certificate, and a must-staple certificate without one", () => {
    const other = ca.issue({ commonName: "other" });
    const stapled = (bytes: Buffer) => ({ ...GOOD, ocsp_staple: { inline_bytes: bytes.toString("base64") } });
    assert.deepEqual(problems(withCertificate(stapled(ca.ocspResponse(leaf)))), []);
    assert.deepEqual(problems(withCertificate(stapled(ca.ocspResponse(other)))), [
      `${IN_CERTIFICATE}.ocsp_staple: the OCSP response in <inline> is about another certificate`,
    ]);
    assert.match(problems(withCertificate(stapled(Buffer.from("no"))))[0]!, /<inline> is no OCSP response/);
    const must = ca.issue({ commonName: "must", mustStaple: true });
    assert.deepEqual(problems(withCertificate(inlineCertificate(must))), [
      "common_tls_context.tls_certificates: the certificate in <inline> must be stapled and has no ocsp_staple",
    ]);
  });

  it("refuses staples where the client decides between RSA and ECDSA", () => {
    const rsa = ca.issue({ commonName: "rsa", dns: ["a.test"], keyType: "rsa" });
    const stapled = { ...GOOD, ocsp_staple: { inline_bytes: ca.ocspResponse(leaf).toString("base64") } };
    const context = { common_tls_context: { tls_certificates: [stapled, inlineCertificate(rsa)] } };
    assert.deepEqual(problems(context), [
      "common_tls_context.tls_certificates: ocsp_staple is not supported yet where RSA and ECDSA certificates stand beside each other",
    ]);
  });

  it("takes session ticket keys of 80 bytes only", () => {
    const keys = (length: number) => ({
      ...withCertificate(GOOD),
      session_ticket_keys: { keys: [{ inline_bytes: Buffer.alloc(length, 7).toString("base64") }] },
    });
    assert.deepEqual(compiled(keys(80)).sessionTickets, { type: "keys", keys: [new Uint8Array(48).fill(7)] });
    assert.match(problems(keys(48))[0]!, /a session ticket key has 80 bytes; this one has 48$/);
  });
});

describe("Secrets", () => {
  const reference = (name: string, sds_config?: object) => ({
    common_tls_context: { tls_certificate_sds_secret_configs: [{ name, ...(sds_config && { sds_config }) }] },
  });

  it("come from static_resources.secrets", () => {
    const secrets = [
      { name: "server", tls_certificate: GOOD },
      { name: "clients", validation_context: { trusted_ca: { inline_string: ca.certPem } } },
    ];
    const data = compiled(
      {
        common_tls_context: {
          ...reference("server").common_tls_context,
          validation_context_sds_secret_config: { name: "clients" },
        },
      },
      secrets,
    );
    assert.equal(data.certificates[0]?.chainPem, leaf.certPem);
    assert.equal(data.validation?.caPem, ca.certPem);
  });

  it("that are wrong are reported where they stand, once", () => {
    const other = ca.issue({ commonName: "other" });
    const secrets = [{ name: "server", tls_certificate: { ...GOOD, private_key: { inline_string: other.keyPem } } }];
    const outcome = compile(reference("server"), secrets);
    assert.deepEqual(
      outcome.problems.map(({ path: at, message }) => `${at}: ${message}`),
      [
        "static_resources.secrets[0].tls_certificate.private_key: the key in <inline> does not belong to the certificate in <inline>",
      ],
    );
  });

  it("that are not there or of another kind are refused by name", () => {
    const secrets = [
      { name: "keys", session_ticket_keys: { keys: [{ inline_bytes: Buffer.alloc(80).toString("base64") }] } },
    ];
    assert.match(problems(reference("server"))[0]!, /\.name: there is no secret named "server"$/);
    assert.match(problems(reference("keys"), secrets)[0]!, /the secret "keys" is no tls_certificate$/);
  });

  it("come from a discovery file, whose faults are named with it", () => {
    const type = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret";
    const sds = (name: string, secret: object) => {
      const file = write(name, JSON.stringify({ resources: [{ "@type": type, name: "server", ...secret }] }));
      return { file, context: reference("server", { path_config_source: { path: file } }) };
    };
    const good = sds("sds.yaml", { tls_certificate: GOOD });
    assert.equal(compiled(good.context).certificates[0]?.chainPem, leaf.certPem);
    assert.ok(compile(good.context).files.some((file) => file.path === good.file));
    const bad = sds("bad-sds.json", { tls_certificate: { ...GOOD, private_key: { inline_string: "x" } } });
    assert.match(
      problems(bad.context)[0]!,
      /sds_config: in .*bad-sds\.json: secret "server", private_key: the key in <inline> can't be read/,
    );
    const unknown = sds("unknown-sds.yaml", { tls_certificate: { ...GOOD, pkcs12: { inline_string: "x" } } });
    assert.match(
      problems(unknown.context)[0]!,
      /unknown-sds\.yaml: tls_certificate\.pkcs12: pkcs12 is not supported yet/,
    );
  });

  it("are merged into the default of a combined validation context", () => {
    const secrets = [{ name: "clients", validation_context: { trusted_ca: { inline_string: ca.certPem } } }];
    const { validation } = compiled(
      withCertificate(GOOD, {
        combined_validation_context: {
          default_validation_context: {
            match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: "client.test" } }],
          },
          validation_context_sds_secret_config: { name: "clients" },
        },
      }),
      secrets,
    );
    assert.equal(validation?.caPem, ca.certPem);
    assert.equal(validation?.sanMatchers.length, 1);
  });
});
