import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { describe, it, type TestContext } from "node:test";
import { type Issued, TestCa } from "../harness/certificates.ts";
import type { RunningProxy } from "../harness/start-proxy.ts";
import { startTestProxy } from "../harness/test-proxy.ts";
import { answeringChain, downstreamTls, inlineCertificate, tlsListener } from "../harness/tls-listener.ts";

const ca = new TestCa("Test CA");
const one = ca.issue({ commonName: "one.test", dns: ["one.test"], validToDays: 10 });
const two = ca.issue({ commonName: "two.test", dns: ["two.test", "*.two.test"] });
const client = ca.issue({ commonName: "client", dns: ["client.test"] });
const revoked = ca.issue({ commonName: "revoked", dns: ["client.test"] });
const stranger = new TestCa("Other CA").issue({ commonName: "stranger", dns: ["client.test"] });

/** A proxy with three workers. */
async function start(t: TestContext, context: object): Promise<RunningProxy> {
  const listener = tlsListener(answeringChain(downstreamTls(context)));
  return startTestProxy(t, { config: { static_resources: { listeners: [listener] } }, concurrency: 3 });
}

/** What `openssl s_client` prints about a connection with a request; it need not succeed. */
function sClient(proxy: RunningProxy, ...args: readonly string[]): Promise<string> {
  const all = ["s_client", "-connect", `127.0.0.1:${proxy.port()}`, "-ign_eof", ...args];
  return new Promise((resolve) => {
    const child = execFile("openssl", all, { timeout: 60_000 }, (_error, stdout, stderr) =>
      resolve(`${stdout}${stderr}`),
    );
    child.stdin?.on("error", () => {});
    child.stdin?.end("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n");
  });
}

/** Arguments that show a certificate. */
function withCertificate(proxy: RunningProxy, { certPem, keyPem }: Issued): string[] {
  const files = { certificate: path.join(proxy.folder, "client.pem"), key: path.join(proxy.folder, "client.key") };
  writeFileSync(files.certificate, certPem);
  writeFileSync(files.key, keyPem);
  return ["-cert", files.certificate, "-key", files.key];
}

function verifying(proxy: RunningProxy): string[] {
  const file = path.join(proxy.folder, "ca.pem");
  writeFileSync(file, ca.certPem);
  return ["-CAfile", file, "-verify_return_error"];
}

const certificates = [inlineCertificate(one), inlineCertificate(two)];
const VERSIONS = ["-tls1_2", "-tls1_3"];

describe("openssl s_client", () => {
  it("gets the certificate of the name it asks for", async (t) => {
    const proxy = await start(t, { common_tls_context: { tls_certificates: certificates } });
    for (const version of VERSIONS) {
      for (const [name, commonName] of [
        ["one.test", "one.test"],
        ["two.test", "two.test"],
        ["www.two.test", "two.test"],
        ["other.test", "one.test"],
      ] as const) {
        const text = await sClient(proxy, version, "-servername", name, ...verifying(proxy));
        assert.match(text, new RegExp(`subject=CN ?= ?${commonName}\\n`), `${version} ${name}`);
        assert.match(text, /Verif(y|ication).*(0 \(ok\)|OK)[\s\S]*hello over tls/);
      }
    }
  });

  for (const version of VERSIONS) {
    it(`is let in with a certificate that is trusted, and with no other (${version})`, async (t) => {
      const proxy = await start(t, {
        common_tls_context: {
          tls_certificates: certificates,
          validation_context: {
            trusted_ca: { inline_string: ca.certPem },
            crl: { inline_string: ca.revoke(revoked) },
            match_typed_subject_alt_names: [{ san_type: "DNS", matcher: { exact: "client.test" } }],
          },
        },
        require_client_certificate: true,
      });
      assert.match(await sClient(proxy, version, ...withCertificate(proxy, client)), /hello over tls/);
      assert.doesNotMatch(await sClient(proxy, version), /hello over tls/);
      assert.doesNotMatch(await sClient(proxy, version, ...withCertificate(proxy, stranger)), /hello over tls/);
      assert.doesNotMatch(await sClient(proxy, version, ...withCertificate(proxy, revoked)), /hello over tls/);
      assert.doesNotMatch(await sClient(proxy, version, ...withCertificate(proxy, one)), /hello over tls/);
      const stats = await proxy.stats("listener.tls.ssl");
      const count = (name: string) => stats.get(`listener.tls.ssl.${name}`);
      assert.deepEqual(
        ["handshake", "fail_verify_no_cert", "fail_verify_error", "fail_verify_san"].map(count),
        [1, 1, 2, 1],
      );
    });

    it(`resumes its session whichever worker answers, and keeps its certificate (${version})`, async (t) => {
      const proxy = await start(t, {
        common_tls_context: {
          tls_certificates: certificates,
          validation_context: { trusted_ca: { inline_string: ca.certPem } },
        },
        require_client_certificate: true,
      });
      const session = path.join(proxy.folder, "session");
      const mine = withCertificate(proxy, client);
      assert.match(await sClient(proxy, version, "-sess_out", session, ...mine), /New, TLSv1\.[23]/);
      const resumed = Array.from({ length: 12 }, () => sClient(proxy, version, "-sess_in", session, ...mine));
      for (const text of await Promise.all(resumed)) assert.match(text, /Reused, TLSv1\.[23][\s\S]*hello over tls/);
      const stats = await proxy.stats("listener.tls");
      assert.equal(stats.get("listener.tls.ssl.session_reused"), 12);
      const shares = [0, 1, 2].map((worker) => stats.get(`listener.tls.worker_${worker}.downstream_cx_total`) ?? 0);
      assert.ok(shares.filter((count) => count > 0).length >= 2, `connections of the workers: ${shares}`);
    });
  }

  it("gets a staple if it asks for one", async (t) => {
    const staple = { ocsp_staple: { inline_bytes: ca.ocspResponse(one, 2).toString("base64") } };
    const proxy = await start(t, {
      common_tls_context: { tls_certificates: [{ ...inlineCertificate(one), ...staple }] },
    });
    for (const version of VERSIONS) {
      assert.match(await sClient(proxy, version, "-status"), /OCSP Response Status: successful[\s\S]*hello over tls/);
    }
    const stats = await proxy.stats("server");
    const seconds = stats.get("server.seconds_until_first_ocsp_response_expiring") ?? 0;
    assert.ok(seconds > 86_400 && seconds <= 2 * 86_400, String(seconds));
    assert.equal(stats.get("server.days_until_first_cert_expiring"), 9);
  });
});
