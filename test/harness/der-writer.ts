/** One DER element. */
export function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  if (content.length < 0x80) return Buffer.concat([Buffer.of(tag, content.length), content]);
  const length = Buffer.from(content.length.toString(16).replace(/^(.(?:..)*)$/, "0$1"), "hex");
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length), length, content]);
}

/** `SEQUENCE`. */
export const sequence = (...items: readonly Uint8Array[]): Buffer => der(0x30, ...items);
/** `OCTET STRING`. */
export const octets = (bytes: Uint8Array): Buffer => der(0x04, bytes);
/** `BIT STRING` of whole bytes. */
export const bits = (bytes: Uint8Array): Buffer => der(0x03, Buffer.of(0), bytes);
/** `BOOLEAN`. */
export const boolean = (value: boolean): Buffer => der(0x01, Buffer.of(value ? 0xff : 0));
/** `UTF8String`. */
export const utf8 = (text: string): Buffer => der(0x0c, Buffer.from(text));

/** A positive integer of so many bytes. */
export function integer(bytes: Uint8Array): Buffer {
  return der(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes);
}

/** `GeneralizedTime`. */
export function time(at: Date): Buffer {
  return der(0x18, Buffer.from(`${at.toISOString().replace(/[-:T]|\.\d+/g, "")}`));
}

/** `OBJECT IDENTIFIER` from `1.2.840`. */
export function oid(text: string): Buffer {
  const [first, second, ...rest] = text.split(".").map(Number) as [number, number, ...number[]];
  const bytes = [40 * first + second, ...rest].flatMap((arc) => {
    const digits = [arc & 0x7f];
    for (let left = arc >> 7; left > 0; left >>= 7) digits.unshift(0x80 | (left & 0x7f));
    return digits;
  });
  return der(0x06, Buffer.from(bytes));
}
