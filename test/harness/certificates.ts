import { createHash, generateKeyPairSync, type KeyObject, sign, X509Certificate } from "node:crypto";
import { bits, boolean, der, integer, octets, oid, sequence, time, utf8 } from "./der-writer.ts";

/** What a certificate is to be. Times are days from now. */
export interface CertificateRequest {
  readonly commonName: string;
  /** Organisation; left out if absent. */
  readonly organisation?: string;
  readonly dns?: readonly string[];
  readonly uri?: readonly string[];
  readonly email?: readonly string[];
  readonly ip?: readonly string[];
  readonly otherName?: { readonly oid: string; readonly value: string };
  readonly keyType?: "rsa" | "ec";
  readonly keyBits?: number;
  readonly validFromDays?: number;
  readonly validToDays?: number;
  readonly mustStaple?: boolean;
  /** A key pair to be used again. */
  readonly keys?: { readonly privateKey: KeyObject; readonly publicKey: KeyObject };
}

/** A certificate with its key. */
export interface Issued {
  readonly certPem: string;
  readonly keyPem: string;
  readonly certificate: X509Certificate;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** SHA-256 of the certificate, hex. */
  readonly hash: string;
  /** SHA-256 of the public key, base64. */
  readonly spki: string;
}

const DAY_MS = 86_400_000;
const ECDSA_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));
let lastSerial = 0x10000000;

/** A certificate authority made for one test: issues certificates, revocation lists and OCSP responses. */
export class TestCa {
  readonly issued: Issued;
  readonly #name: Buffer;

  /** Its own root, or an intermediate authority below `parent`. */
  constructor(commonName: string, parent?: TestCa) {
    const keys = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#name = nameOf({ commonName });
    const issuer = parent === undefined ? keys.privateKey : parent.issued.privateKey;
    this.issued = issue({ commonName, keys }, parent === undefined ? this.#name : parent.#name, issuer, true);
  }

  get certPem(): string {
    return this.issued.certPem;
  }

  issue(request: CertificateRequest): Issued {
    return issue(request, this.#name, this.issued.privateKey, false);
  }

  /** A PEM revocation list. */
  revoke(...certificates: readonly Issued[]): string {
    const now = Date.now();
    const revoked = certificates.map(({ certificate }) =>
      sequence(integer(Buffer.from(certificate.serialNumber, "hex")), time(new Date(now - DAY_MS))),
    );
    const signed = sequence(
      integer(Buffer.of(1)),
      ECDSA_SHA256,
      this.#name,
      time(new Date(now - DAY_MS)),
      time(new Date(now + DAY_MS)),
      ...(revoked.length > 0 ? [sequence(...revoked)] : []),
    );
    return pem("X509 CRL", signedBy(this.issued.privateKey, signed));
  }

  /** A DER OCSP response that says `good`. */
  ocspResponse({ certificate }: Issued, validToDays = 1): Buffer {
    const sha1 = sequence(oid("1.3.14.3.2.26"), der(0x05));
    const digest = (bytes: Uint8Array): Buffer => octets(createHash("sha1").update(bytes).digest());
    const now = Date.now();
    const id = sequence(
      sha1,
      digest(this.#name),
      digest(this.issued.publicKey.export({ type: "spki", format: "der" }).subarray(-65)),
      integer(Buffer.from(certificate.serialNumber, "hex")),
    );
    const answer = sequence(
      id,
      der(0x80),
      time(new Date(now - 2 * DAY_MS)),
      der(0xa0, time(new Date(now + validToDays * DAY_MS))),
    );
    const signed = sequence(der(0xa1, this.#name), time(new Date(now - DAY_MS)), sequence(answer));
    const basic = signedBy(this.issued.privateKey, signed);
    return sequence(der(0x0a, Buffer.of(0)), der(0xa0, sequence(oid("1.3.6.1.5.5.7.48.1.1"), octets(basic))));
  }
}

function issue(request: CertificateRequest, issuer: Buffer, issuerKey: KeyObject, isCa: boolean): Issued {
  const { privateKey, publicKey } = request.keys ?? makeKeys(request);
  const now = Date.now();
  const serial = Buffer.alloc(4);
  serial.writeUInt32BE(++lastSerial);
  const signed = sequence(
    der(0xa0, integer(Buffer.of(2))),
    integer(serial),
    ECDSA_SHA256,
    issuer,
    sequence(
      time(new Date(now + (request.validFromDays ?? -1) * DAY_MS)),
      time(new Date(now + (request.validToDays ?? 30) * DAY_MS)),
    ),
    nameOf(request),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions(request, isCa))),
  );
  const certPem = pem("CERTIFICATE", signedBy(issuerKey, signed));
  const certificate = new X509Certificate(certPem);
  return {
    certPem,
    keyPem: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    certificate,
    privateKey,
    publicKey,
    hash: createHash("sha256").update(certificate.raw).digest("hex"),
    spki: createHash("sha256")
      .update(publicKey.export({ type: "spki", format: "der" }))
      .digest("base64"),
  };
}

function makeKeys({ keyType = "ec", keyBits = 2048 }: CertificateRequest) {
  return keyType === "ec"
    ? generateKeyPairSync("ec", { namedCurve: "P-256" })
    : generateKeyPairSync("rsa", { modulusLength: keyBits });
}

function nameOf({ commonName, organisation }: CertificateRequest): Buffer {
  const part = (type: string, text: string): Buffer => der(0x31, sequence(oid(type), utf8(text)));
  return sequence(...(organisation === undefined ? [] : [part("2.5.4.10", organisation)]), part("2.5.4.3", commonName));
}

function extensions(request: CertificateRequest, isCa: boolean): Buffer[] {
  const list = [sequence(oid("2.5.29.19"), boolean(true), octets(isCa ? sequence(boolean(true)) : sequence()))];
  const names = generalNames(request);
  if (names.length > 0) list.push(sequence(oid("2.5.29.17"), octets(sequence(...names))));
  if (request.mustStaple === true) {
    list.push(sequence(oid("1.3.6.1.5.5.7.1.24"), octets(sequence(integer(Buffer.of(5))))));
  }
  return list;
}

function generalNames({ dns = [], uri = [], email = [], ip = [], otherName }: CertificateRequest): Buffer[] {
  const text = (tag: number) => (value: string) => der(tag, Buffer.from(value, "latin1"));
  return [
    ...dns.map(text(0x82)),
    ...uri.map(text(0x86)),
    ...email.map(text(0x81)),
    ...ip.map((address) => der(0x87, Buffer.from(address.split(".").map(Number)))),
    ...(otherName === undefined ? [] : [der(0xa0, oid(otherName.oid), der(0xa0, utf8(otherName.value)))]),
  ];
}

function signedBy(key: KeyObject, signed: Buffer): Buffer {
  return sequence(signed, ECDSA_SHA256, bits(sign("sha256", signed, key)));
}

function pem(label: string, bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
