import { X509Certificate } from "node:crypto";

const BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----/g;

/** The PEM blocks with this label (`CERTIFICATE`, `X509 CRL`), in their order. */
export function pemBlocks(text: string, label: string): string[] {
  return [...text.matchAll(BLOCK)].filter((match) => match[1] === label).map((match) => match[0]);
}

/** The certificates in a PEM text, of which there may be none. Throws if one of them can't be read. */
export function pemCertificates(text: string): X509Certificate[] {
  return pemBlocks(text.replaceAll("TRUSTED CERTIFICATE", "CERTIFICATE"), "CERTIFICATE").map(
    (block) => new X509Certificate(block),
  );
}
