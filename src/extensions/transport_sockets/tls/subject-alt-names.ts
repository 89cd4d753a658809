import { certificateExtension, derElement, derElements, derOid } from "./der.ts";
import type { SanType } from "./tls-context-data.ts";

/** A subject alternative name of a certificate. */
export interface SubjectAltName {
  readonly type: SanType;
  /** As text: an IP address in its usual form. */
  readonly value: string;
  /** Of an `otherName`; else `""`. */
  readonly oid: string;
}

const SUBJECT_ALT_NAME = "2.5.29.17";
/** The context tags of `GeneralName` (RFC 5280, 4.2.1.6). */
const OTHER_NAME = 0xa0;
const EMAIL = 0x81;
const DNS = 0x82;
const URI = 0x86;
const IP = 0x87;

/**
 * The subject alternative names of a DER certificate, in its order; null if it has no such extension. Read from the bytes: a text
 * form would have to be cut at separators that names can contain. A name with a NUL in it is kept as it is and equals
 * nothing that ends before it. Broken encodings give none.
 */
export function subjectAltNames(certificate: Uint8Array): SubjectAltName[] | null {
  try {
    const extension = certificateExtension(certificate, SUBJECT_ALT_NAME);
    if (extension === null) return null;
    return derElements(derElement(extension).content).flatMap(({ tag, content }) => nameOf(tag, content) ?? []);
  } catch {
    return [];
  }
}

function nameOf(tag: number, content: Uint8Array): SubjectAltName | null {
  switch (tag) {
    case EMAIL:
      return { type: "email", value: latin1(content), oid: "" };
    case DNS:
      return { type: "dns", value: latin1(content), oid: "" };
    case URI:
      return { type: "uri", value: latin1(content), oid: "" };
    case IP:
      return { type: "ip", value: ipText(content), oid: "" };
    case OTHER_NAME: {
      const [oid, wrapped] = derElements(content);
      if (oid === undefined || wrapped === undefined) return null;
      return { type: "otherName", value: latin1(derElement(wrapped.content).content), oid: derOid(oid.content) };
    }
    default:
      return null;
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

function ipText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) return "";
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(((bytes[at]! << 8) | bytes[at + 1]!).toString(16));
  return compressed(groups);
}

/** The longest run of zeros becomes `::` (RFC 5952). */
function compressed(groups: readonly string[]): string {
  let best = { start: 0, length: 1 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === "0") length++;
    if (length > best.length) best = { start, length };
  }
  if (best.length < 2) return groups.join(":");
  return `${groups.slice(0, best.start).join(":")}::${groups.slice(best.start + best.length).join(":")}`;
}
