import { isIPv6 } from "node:net";

/** 1 for each byte that may stand in a host name (RFC 3986 reg-name without the comma, which joins two hosts). */
const HOST_BYTE = new Uint8Array(256);
for (const char of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+;=%") {
  HOST_BYTE[char.charCodeAt(0)] = 1;
}

const COLON = 0x3a;
const LARGEST_PORT = 65_535;

/**
 * Whether `text` is a host name, an IPv4 or a bracketed IPv6 address, with or without a port of 0–65535. No user name,
 * no path, no list, not empty.
 */
export function isAuthority(text: string): boolean {
  const hostEnd = endOfHost(text);
  if (hostEnd <= 0) return false;
  return hostEnd === text.length || isPort(text, hostEnd);
}

/** As `isAuthority`, but a port must be there, as CONNECT asks for. */
export function isAuthorityWithPort(text: string): boolean {
  const hostEnd = endOfHost(text);
  return hostEnd > 0 && hostEnd < text.length && isPort(text, hostEnd);
}

/** Index behind the host part, or -1 if it holds a character that it may not. */
function endOfHost(text: string): number {
  if (text.charCodeAt(0) === 0x5b) {
    const close = text.indexOf("]");
    // A zone (`%eth0`) means something only on the machine that wrote it.
    if (close === -1 || text.indexOf("%") !== -1 || !isIPv6(text.substring(1, close))) return -1;
    return close + 1;
  }
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === COLON) return i;
    if (code > 0xff || HOST_BYTE[code] === 0) return -1;
  }
  return text.length;
}

/** Whether `text` from `colon` on is `:` and a port. */
function isPort(text: string, colon: number): boolean {
  const digits = text.length - colon - 1;
  if (text.charCodeAt(colon) !== COLON || digits < 1 || digits > 5) return false;
  let port = 0;
  for (let i = colon + 1; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return false;
    port = port * 10 + digit;
  }
  return port <= LARGEST_PORT;
}
