/** An IP address as bytes: 4 for IPv4, 16 for IPv6. An IPv4-mapped IPv6 address (`::ffff:a.b.c.d`) is held as IPv4. */
export type IpBytes = Uint8Array;

const DECIMAL_OCTET = /^(?:0|[1-9]\d{0,2})$/;
const HEX_GROUP = /^[0-9a-fA-F]{1,4}$/;

/**
 * Parses an address in its usual text form, without brackets, port or zone; null if it is none. Strict: no leading
 * zeros, no short or octal forms, so that no two readers can disagree on what an address says.
 */
export function parseIp(text: string): IpBytes | null {
  const bytes = text.includes(":") ? parseIpv6(text) : parseIpv4(text);
  return bytes !== null && isMappedIpv4(bytes) ? bytes.subarray(12) : bytes;
}

function parseIpv4(text: string): Uint8Array | null {
  const parts = text.split(".");
  if (parts.length !== 4) return null;
  const bytes = new Uint8Array(4);
  for (let i = 0; i < 4; i++) {
    const part = parts[i]!;
    if (!DECIMAL_OCTET.test(part) || Number(part) > 255) return null;
    bytes[i] = Number(part);
  }
  return bytes;
}

function parseIpv6(text: string): Uint8Array | null {
  if (text.length > 45) return null;
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : [];
  if (head === null || tail === null) return null;
  const bytes = new Uint8Array(16);
  if (halves.length === 1) {
    if (head.length !== 16) return null;
  } else if (head.length + tail.length > 14) {
    return null;
  }
  bytes.set(head, 0);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

/** Bytes of colon-separated groups, the last of which may be an IPv4 address if `mayEndInIpv4`. */
function parseGroups(text: string, mayEndInIpv4: boolean): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (let i = 0; i < groups.length; i++) {
    const group = groups[i]!;
    if (mayEndInIpv4 && i === groups.length - 1 && group.includes(".")) {
      const ipv4 = parseIpv4(group);
      if (ipv4 === null) return null;
      bytes.push(...ipv4);
    } else if (HEX_GROUP.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else {
      return null;
    }
  }
  return bytes;
}

function isMappedIpv4(bytes: Uint8Array): boolean {
  if (bytes.length !== 16 || bytes[10] !== 0xff || bytes[11] !== 0xff) return false;
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** Takes `ip:port` or `[ip]:port` apart; a text without a port comes back whole, with port `""`. */
export function splitAddress(address: string): { readonly ip: string; readonly port: string } {
  const colon = address.lastIndexOf(":");
  const bracket = address.lastIndexOf("]");
  const bare = address.startsWith("[") && bracket !== -1 ? address.slice(1, bracket) : undefined;
  if (bare !== undefined) return { ip: bare, port: colon > bracket ? address.slice(colon + 1) : "" };
  if (colon === -1 || address.indexOf(":") !== colon || address.startsWith("/")) return { ip: address, port: "" };
  return { ip: address.slice(0, colon), port: address.slice(colon + 1) };
}

/** An address as text; IPv6 in its short form (RFC 5952). */
export function ipText(bytes: IpBytes): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2) groups.push(((bytes[at]! << 8) | bytes[at + 1]!).toString(16));
  const { start, length } = longestZeros(groups);
  if (length < 2) return groups.join(":");
  return `${groups.slice(0, start).join(":")}::${groups.slice(start + length).join(":")}`;
}

/** The address with all bits behind the first `bits` zero. */
export function maskIp(bytes: IpBytes, bits: number): IpBytes {
  return bytes.map((byte, at) => byte & (0xff << Math.max(0, Math.min(8, 8 * (at + 1) - bits))));
}

/** The network of an address, `10.1.0.0/16`; at most all of its bits. Undefined if the text is no address. */
export function ipPrefix(ip: string, bits: number): string | undefined {
  const bytes = parseIp(ip);
  if (bytes === null) return undefined;
  const kept = Math.min(bits, bytes.length * 8);
  return `${ipText(maskIp(bytes, kept))}/${kept}`;
}

function longestZeros(groups: readonly string[]): { readonly start: number; readonly length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let at = 0; at <= groups.length; at++) {
    if (groups[at] === "0") continue;
    if (at - start > best.length) best = { start, length: at - start };
    start = at + 1;
  }
  return best;
}
