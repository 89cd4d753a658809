/** Lower case of each byte that may stand in a token (RFC 9110 §5.6.2: methods, field names); 0 for every other byte. */
export const TOKEN_LOWER: Uint8Array = tokenTable();

function tokenTable(): Uint8Array {
  const table = new Uint8Array(256);
  for (const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
    table[char.charCodeAt(0)] = char.charCodeAt(0);
  for (let byte = 0x41; byte <= 0x5a; byte++) table[byte] = byte + 0x20;
  return table;
}

/** Value of each byte as a hexadecimal digit; 255 for every other byte. */
export const HEX_VALUE: Uint8Array = hexTable();

function hexTable(): Uint8Array {
  const table = new Uint8Array(256).fill(255);
  for (let digit = 0; digit < 16; digit++) {
    table[digit.toString(16).charCodeAt(0)] = digit;
    table[digit.toString(16).toUpperCase().charCodeAt(0)] = digit;
  }
  return table;
}

/** 1 for each byte that may stand in a field value: tab, and 0x20–0xff but DEL (RFC 9110 §5.5); 0 for the others. */
export const VALUE_BYTE: Uint8Array = new Uint8Array(256).map((_, byte) =>
  byte === 0x09 || (byte >= 0x20 && byte !== 0x7f) ? 1 : 0,
);

/** 1 for each byte that may stand in a request target: 0x21–0x7e, as in Envoy; 0 for the others. */
export const TARGET_BYTE: Uint8Array = new Uint8Array(256).map((_, byte) => (byte > 0x20 && byte < 0x7f ? 1 : 0));

/** Whether `text` is a token: not empty, and nothing in it could end a name or a method early. */
export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff || TOKEN_LOWER[code] === 0) return false;
  }
  return text.length > 0;
}

/**
 * What ends a line, or is cut down to something that might when it is written as latin1. A static expression: measured at a
 * fifth of the time of a loop over the characters (`bench/micro/http1-write.ts`).
 */
const UNWRITABLE = /[\0\r\n\u0100-\uffff]/;

/** Whether `text` may be written as a field value without becoming more than one. */
export function isWritableValue(text: string): boolean {
  return !UNWRITABLE.test(text);
}

/** Whether `text` may be written as a request target; see `TARGET_BYTE`. */
export function isRequestTarget(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (TARGET_BYTE[text.charCodeAt(i)] !== 1) return false;
  }
  return text.length > 0;
}

/** Whether the comma-separated list `value` holds `token`, in any case. `token` is lower case. */
export function hasListToken(value: string, token: string): boolean {
  // The usual values are one word.
  if (value.length === token.length) return value === token || value.toLowerCase() === token;
  if (value.length < token.length) return false;
  let start = 0;
  while (start <= value.length) {
    let end = value.indexOf(",", start);
    if (end === -1) end = value.length;
    if (value.substring(start, end).trim().toLowerCase() === token) return true;
    start = end + 1;
  }
  return false;
}
