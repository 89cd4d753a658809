import { isIP } from "node:net";
import { parseIp } from "../../match/ip-address.ts";
import type { Address } from "../address.ts";

/** The 12 bytes that every header of version 2 begins with. */
const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const VERSION_2_LOCAL = 0x20;
const VERSION_2_PROXY = 0x21;
const TCP_OVER_IPV4 = 0x11;
const TCP_OVER_IPV6 = 0x21;
/** What an IPv4 address has before it in IPv6. */
const MAPPED_PREFIX = Buffer.from("00000000000000000000ffff", "hex");

/** The ends of a proxied connection. */
export interface ProxiedEnds {
  readonly source: Address;
  readonly destination: Address;
}

/** A type-length-value of a header of version 2. */
export interface ProxyTlv {
  /** 0 to 255. */
  readonly type: number;
  readonly value: Uint8Array;
}

/**
 * The header of version 1 (a line of text) of the PROXY protocol. `UNKNOWN` where the ends are not both of one kind of IP address, or
 * not known. Source: HAProxy's proxy-protocol.txt, 2.1.
 */
export function proxyHeaderV1(ends: ProxiedEnds | null): Buffer {
  const { family, source, destination } = ipEnds(ends);
  if (family === 0) return Buffer.from("PROXY UNKNOWN\r\n");
  const addresses = `${source.ip} ${destination.ip} ${source.port} ${destination.port}`;
  return Buffer.from(`PROXY TCP${family} ${addresses}\r\n`);
}

/** The header of version 2 (binary), likewise; `LOCAL` without addresses where they can't be said. The values must fit into 65,535 bytes. */
export function proxyHeaderV2(ends: ProxiedEnds | null, tlvs: readonly ProxyTlv[] = []): Buffer {
  const { family, source, destination } = ipEnds(ends);
  const isKnown = family !== 0;
  const kind = family === 4 ? TCP_OVER_IPV4 : family === 6 ? TCP_OVER_IPV6 : 0;
  const addresses = isKnown
    ? [ipBytes(source.ip, family), ipBytes(destination.ip, family), uint16(source.port), uint16(destination.port)]
    : [];
  const values = isKnown ? tlvs.flatMap(({ type, value }) => [Buffer.of(type), uint16(value.length), value]) : [];
  const rest = Buffer.concat([...addresses, ...values]);
  const command = Buffer.of(isKnown ? VERSION_2_PROXY : VERSION_2_LOCAL, kind);
  return Buffer.concat([SIGNATURE, command, uint16(rest.length), rest]);
}

interface IpEnds {
  /** 4 or 6; 0 = nothing can be said. */
  readonly family: 0 | 4 | 6;
  readonly source: { readonly ip: string; readonly port: number };
  readonly destination: { readonly ip: string; readonly port: number };
}

const NO_END = { ip: "", port: 0 };

function ipEnds(ends: ProxiedEnds | null): IpEnds {
  if (ends?.source.type === "ip" && ends.destination.type === "ip") {
    const { source, destination } = ends;
    const family = isIP(source.ip);
    if (family !== 0 && family === isIP(destination.ip)) return { family: family as 4 | 6, source, destination };
  }
  return { family: 0, source: NO_END, destination: NO_END };
}

function uint16(value: number): Buffer {
  return Buffer.of(value >> 8, value & 0xff);
}

/** An IP address as its 4 or 16 bytes; of an IPv6 address the zone is left out. */
function ipBytes(ip: string, family: 4 | 6): Uint8Array {
  const [address] = ip.split("%");
  const bytes = parseIp(address!) ?? Buffer.alloc(family === 4 ? 4 : 16);
  return family === 6 && bytes.length === 4 ? Buffer.concat([MAPPED_PREFIX, bytes]) : bytes;
}
