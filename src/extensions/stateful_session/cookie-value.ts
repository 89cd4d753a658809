/** What a session cookie says. */
export interface SessionCookie {
  /** `ip:port` of the host. */
  readonly address: string;
  /** Seconds since 1970; 0 = never. */
  readonly expiresS: number;
}

const ADDRESS_TAG = 0x0a;
const EXPIRES_TAG = 0x10;
/** Longer values are not looked at. */
const LONGEST = 512;

/** The value of the cookie: base64 of Envoy's message `Cookie { string address = 1; int64 expires = 2; }`. */
export function encodeSessionCookie({ address, expiresS }: SessionCookie): string {
  const text = Buffer.from(address, "latin1");
  const bytes = [ADDRESS_TAG, ...varint(text.length), ...text];
  if (expiresS > 0) bytes.push(EXPIRES_TAG, ...varint(expiresS));
  return Buffer.from(bytes).toString("base64");
}

/** What a cookie of a client says; undefined if it is none of ours. */
export function decodeSessionCookie(value: string): SessionCookie | undefined {
  if (value.length > LONGEST) return undefined;
  const bytes = Buffer.from(value, "base64");
  let address = "";
  let expiresS = 0;
  for (let at = 0; at < bytes.length; ) {
    const tag = bytes[at]!;
    const number = readVarint(bytes, at + 1);
    if (number === undefined) return undefined;
    at = number.end;
    if (tag === ADDRESS_TAG) {
      if (at + number.value > bytes.length) return undefined;
      address = bytes.toString("latin1", at, at + number.value);
      at += number.value;
    } else if (tag === EXPIRES_TAG) {
      expiresS = number.value;
    } else {
      return undefined;
    }
  }
  return address === "" ? undefined : { address, expiresS };
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return bytes;
}

/** At most 7 bytes, so that the value is exact. */
function readVarint(bytes: Buffer, from: number): { value: number; end: number } | undefined {
  let value = 0;
  let factor = 1;
  for (let at = from; at < bytes.length && at < from + 7; at++) {
    const byte = bytes[at]!;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, end: at + 1 };
    factor *= 0x80;
  }
  return undefined;
}
