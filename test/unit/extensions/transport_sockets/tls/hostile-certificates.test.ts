import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DerError, derElements } from "../../../../../src/extensions/transport_sockets/tls/der.ts";
import { dnsNameMatches } from "../../../../../src/extensions/transport_sockets/tls/peer-validator.ts";
import { certificateChoice } from "../../../../../src/extensions/transport_sockets/tls/server-tls-context.ts";
import { subjectAltNames } from "../../../../../src/extensions/transport_sockets/tls/subject-alt-names.ts";
import type { TlsCertificateData } from "../../../../../src/extensions/transport_sockets/tls/tls-context-data.ts";
import { TestCa } from "../../../../harness/certificates.ts";
import { SeededRandom } from "../../../../harness/seeded-random.ts";

const ca = new TestCa("CA");
const NAMES = {
  commonName: "x",
  dns: ["a.test", "b\0.test"],
  uri: ["spiffe://a,DNS:evil"],
  ip: ["10.0.0.1"],
  email: ["a@b"],
  otherName: { oid: "1.3.6.1.4.1.311.20.2.3", value: "c" },
};

describe("Names of certificates", () => {
  it("are read from the bytes, whatever characters are in them", () => {
    assert.deepEqual(
      subjectAltNames(ca.issue(NAMES).certificate.raw)?.map(({ type, value }) => [type, value]),
      [
        ["dns", "a.test"],
        ["dns", "b\0.test"],
        ["uri", "spiffe://a,DNS:evil"],
        ["email", "a@b"],
        ["ip", "10.0.0.1"],
        ["otherName", "c"],
      ],
    );
    assert.equal(subjectAltNames(ca.issue({ commonName: "x" }).certificate.raw), null);
  });

  it("of broken encodings are none, and nothing else happens", () => {
    const raw = ca.issue(NAMES).certificate.raw;
    const random = new SeededRandom(7);
    for (let i = 0; i < 3000; i++) {
      const broken = Buffer.from(raw);
      for (let n = 0; n < 3; n++) broken[random.below(broken.length)] = random.below(256);
      const cut = broken.subarray(0, random.oneIn(4) ? random.below(broken.length) : broken.length);
      const names = subjectAltNames(cut);
      assert.ok(names === null || Array.isArray(names));
    }
    for (const bytes of ["30", "3080", "3085ffffffffff", "1f8101", "300500"]) {
      assert.throws(() => derElements(Buffer.from(bytes, "hex")), DerError, bytes);
    }
  });

  it("match with a wildcard for one label, in any letter case", () => {
    const rows = [
      ["a.test", "a.test", true],
      ["A.Test", "a.tesT", true],
      ["x.a.test", "*.a.test", true],
      ["x.y.a.test", "*.a.test", false],
      ["a.test", "*.a.test", false],
      [".a.test", "*.a.test", false],
      ["x.a.test", "x*.a.test", false],
      ["xa.test", "*", false],
      ["a.test", "a.test\0.evil", false],
    ] as const;
    for (const [name, pattern, expected] of rows)
      assert.equal(dnsNameMatches(name, pattern), expected, `${name} ${pattern}`);
  });
});

describe("The choice of certificates", () => {
  const certificate = (source: string, keyType: "rsa" | "ec", ...serverNames: string[]): TlsCertificateData => ({
    source,
    chainPem: "",
    keyPem: "",
    keyType,
    serverNames,
    expiresAtMs: 0,
    ocspStaple: null,
    mustStaple: false,
  });
  const rsa = certificate("rsa", "rsa", "a.test", "*.w.test");
  const ec = certificate("ec", "ec", "a.test");
  const other = certificate("other", "ec", "b.test", "a.test");
  const sources = (list: readonly TlsCertificateData[]): string[] => list.map(({ source }) => source);

  it("does not ask for the name if it makes no difference", () => {
    const same = certificate("same", "ec", "*.w.test", "a.test");
    for (const certificates of [[rsa], [rsa, same]]) {
      const { withoutName, byName } = certificateChoice({ certificates, fullScanOnSniMismatch: false });
      assert.equal(byName, null);
      assert.deepEqual(withoutName, certificates);
    }
  });

  it("gives a name the first certificate of each key type, exact names before wildcards", () => {
    const certificates = [rsa, ec, other];
    for (const [full, unknown] of [
      [false, ["rsa"]],
      [true, ["rsa", "ec"]],
    ] as const) {
      const { withoutName, byName } = certificateChoice({ certificates, fullScanOnSniMismatch: full });
      assert.deepEqual(sources(withoutName), ["rsa", "ec"]);
      assert.deepEqual(sources(byName!("A.test")), ["rsa", "ec"]);
      assert.deepEqual(sources(byName!("b.test")), ["other"]);
      assert.deepEqual(sources(byName!("x.w.test")), ["rsa"]);
      for (const name of ["w.test", "x.y.w.test", "test", ".", "__proto__"]) {
        assert.deepEqual(sources(byName!(name)), unknown, name);
      }
    }
  });
});
