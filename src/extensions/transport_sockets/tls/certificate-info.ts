import { createHash, type X509Certificate } from "node:crypto";
import type { CertificateInfo } from "../../../net/tls-connection-info.ts";
import { type SubjectAltName, subjectAltNames } from "./subject-alt-names.ts";
import type { SanType } from "./tls-context-data.ts";

/** A certificate of a connection; each part is read on first use. */
export class X509Info implements CertificateInfo {
  readonly #certificate: X509Certificate;
  #sans: readonly SubjectAltName[] | null = null;

  constructor(certificate: X509Certificate) {
    this.#certificate = certificate;
  }

  get subject(): string {
    return rfc2253(this.#certificate.subject);
  }

  get issuer(): string {
    return rfc2253(this.#certificate.issuer);
  }

  get serialNumber(): string {
    return this.#certificate.serialNumber.toLowerCase();
  }

  get sha256(): string {
    return createHash("sha256").update(this.#certificate.raw).digest("hex");
  }

  get sha1(): string {
    return createHash("sha1").update(this.#certificate.raw).digest("hex");
  }

  get dnsSans(): readonly string[] {
    return this.#sansOf("dns");
  }

  get uriSans(): readonly string[] {
    return this.#sansOf("uri");
  }

  get ipSans(): readonly string[] {
    return this.#sansOf("ip");
  }

  get emailSans(): readonly string[] {
    return this.#sansOf("email");
  }

  get otherNameSans(): readonly string[] {
    return this.#sansOf("otherName");
  }

  get validFromMs(): number {
    return Date.parse(this.#certificate.validFrom);
  }

  get validToMs(): number {
    return Date.parse(this.#certificate.validTo);
  }

  get pem(): string {
    return this.#certificate.toString();
  }

  #sansOf(type: SanType): string[] {
    this.#sans ??= subjectAltNames(this.#certificate.raw) ?? [];
    return this.#sans.filter((san) => san.type === type).map(({ value }) => value);
  }
}

/** Node prints one part of a name per line, the most general first, escaped as RFC 2253 wants it. */
function rfc2253(name: string | undefined): string {
  return name === undefined ? "" : name.split("\n").reverse().join(",");
}
