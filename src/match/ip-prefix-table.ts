import { type IpBytes, parseIp } from "./ip-address.ts";

/** A range of addresses, Envoy's `CidrRange`. */
export interface CidrData {
  readonly address: string;
  /** 0–32 for IPv4, 0–128 for IPv6. Bits of the address beyond it do not count. */
  readonly prefixLength: number;
}

/** What is wrong with a range; null if nothing is. */
export function cidrProblem(cidr: CidrData): string | null {
  const bytes = parseIp(cidr.address);
  if (bytes === null) return `"${cidr.address}" is not an IP address`;
  const bits = cidr.address.includes(":") ? 128 : 32;
  if (cidr.prefixLength > bits) return `prefix length ${cidr.prefixLength} is more than ${bits}`;
  return null;
}

/**
 * Values by address range; of all ranges that hold an address, the longest prefix wins. Lookup takes one map access
 * per distinct prefix length, however many ranges there are. Immutable after the last `add`.
 */
export class IpPrefixTable<T> {
  readonly #ipv4 = new Map<number, Map<string, T>>();
  readonly #ipv6 = new Map<number, Map<string, T>>();
  #ipv4Lengths: number[] = [];
  #ipv6Lengths: number[] = [];

  /** Writes a range (valid: see `cidrProblem`) so that equal ranges are equal texts: bits beyond the prefix are zero. */
  static canonical(cidr: CidrData): string {
    const bytes = parseIp(cidr.address)!;
    const mapped = bytes.length === 4 && cidr.address.includes(":");
    const length = mapped ? Math.max(0, cidr.prefixLength - 96) : cidr.prefixLength;
    const masked = bytes.map((byte, at) => byte & (0xff << Math.max(0, Math.min(8, 8 * (at + 1) - length))));
    if (masked.length === 4) return `${masked.join(".")}/${length}`;
    const groups: string[] = [];
    for (let at = 0; at < 16; at += 2) groups.push(((masked[at]! << 8) | masked[at + 1]!).toString(16));
    return `${groups.join(":")}/${length}`;
  }

  /** Adds a range (valid: see `cidrProblem`); of two equal ranges the first stays. */
  add(cidr: CidrData, value: T): void {
    const bytes = parseIp(cidr.address);
    if (bytes === null) throw new TypeError(`"${cidr.address}" is not an IP address`);
    // A range of IPv4-mapped addresses is one of IPv4 addresses, as `parseIp` turns the former into the latter.
    const mapped = bytes.length === 4 && cidr.address.includes(":");
    const length = mapped ? Math.max(0, cidr.prefixLength - 96) : cidr.prefixLength;
    const byLength = bytes.length === 4 ? this.#ipv4 : this.#ipv6;
    let ranges = byLength.get(length);
    if (ranges === undefined) {
      ranges = new Map();
      byLength.set(length, ranges);
      this.#ipv4Lengths = [...this.#ipv4.keys()].sort((a, b) => b - a);
      this.#ipv6Lengths = [...this.#ipv6.keys()].sort((a, b) => b - a);
    }
    const key = prefixKey(bytes, length);
    if (!ranges.has(key)) ranges.set(key, value);
  }

  /** The value of the longest range that holds `ip` (text without port); undefined if none does or it is no address. */
  lookup(ip: string): T | undefined {
    const bytes = parseIp(ip);
    if (bytes === null) return undefined;
    const lengths = bytes.length === 4 ? this.#ipv4Lengths : this.#ipv6Lengths;
    const byLength = bytes.length === 4 ? this.#ipv4 : this.#ipv6;
    for (const length of lengths) {
      const value = byLength.get(length)!.get(prefixKey(bytes, length));
      if (value !== undefined) return value;
    }
    return undefined;
  }

  /** Whether any range holds `ip`. */
  has(ip: string): boolean {
    return this.lookup(ip) !== undefined;
  }
}

/** The first `length` bits of an address as a map key. */
function prefixKey(bytes: IpBytes, length: number): string {
  const whole = length >> 3;
  let key = "";
  for (let i = 0; i < whole; i++) key += String.fromCharCode(bytes[i]!);
  const rest = length & 7;
  if (rest !== 0) key += String.fromCharCode(bytes[whole]! & (0xff << (8 - rest)) & 0xff);
  return key;
}

/** A table that only says whether an address is in one of `ranges`. */
export function createIpSet(ranges: readonly CidrData[]): IpPrefixTable<true> {
  const table = new IpPrefixTable<true>();
  for (const range of ranges) table.add(range, true);
  return table;
}
