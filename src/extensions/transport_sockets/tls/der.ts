/** One element of a DER encoding: the tag's byte and its content. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  /** The element with its tag and length. */
  readonly encoded: Uint8Array;
}

/** Thrown for bytes that are no DER. */
export class DerError extends Error {
  override readonly name = "DerError";
}

/** The elements that stand one after the other in `bytes`. Throws `DerError`. Tags above 30 and lengths of 4 GiB don't occur. */
export function derElements(bytes: Uint8Array): DerElement[] {
  const elements: DerElement[] = [];
  for (let at = 0; at < bytes.length; ) {
    const element = derElement(bytes.subarray(at));
    elements.push(element);
    at += element.encoded.length;
  }
  return elements;
}

/** The first element in `bytes`. Throws `DerError`. */
export function derElement(bytes: Uint8Array): DerElement {
  const tag = bytes[0];
  const first = bytes[1];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new DerError("not DER");
  let length = first;
  let start = 2;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw new DerError("not DER");
    length = 0;
    for (let index = 0; index < count; index++) length = length * 256 + (bytes[start++] ?? 0);
  }
  if (start + length > bytes.length) throw new DerError("cut off");
  return { tag, content: bytes.subarray(start, start + length), encoded: bytes.subarray(0, start + length) };
}

/** The object identifier in an element's content: `1.2.840.113549`. */
export function derOid(content: Uint8Array): string {
  const arcs: number[] = [];
  let value = 0;
  for (const byte of content) {
    value = value * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (arcs.length === 0) {
      const first = Math.min(2, Math.floor(value / 40));
      arcs.push(first, value - 40 * first);
    } else {
      arcs.push(value);
    }
    value = 0;
  }
  return arcs.join(".");
}

/** The value of a certificate's extension; null if it has none with this identifier. Throws `DerError`. */
export function certificateExtension(certificate: Uint8Array, oid: string): Uint8Array | null {
  const [signed] = derElements(derElement(certificate).content);
  const extensions = derElements(signed?.content ?? new Uint8Array()).find(({ tag }) => tag === 0xa3);
  if (extensions === undefined) return null;
  for (const extension of derElements(derElement(extensions.content).content)) {
    const parts = derElements(extension.content);
    if (parts[0]?.tag === 0x06 && derOid(parts[0].content) === oid) return parts.at(-1)!.content;
  }
  return null;
}
