import { Buffer } from "node:buffer";
import { ipText, parseIp } from "../../match/ip-address.ts";
import type { IpAddress } from "../address.ts";
import type { ProxyProtocolTlv } from "./proxy-protocol-data.ts";

/** What version 1 begins with. */
const V1_SIGNATURE = Buffer.from("PROXY ", "latin1");
/** What version 2 begins with. */
export const V2_SIGNATURE = Buffer.from([0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a]);
/** The longest header: that of version 2 with all that its length can say. */
export const MAX_HEADER_BYTES = 16 + 0xffff;
/** The longest line of version 1 with its CRLF, by the specification. */
const MAX_V1_BYTES = 107;
const V2_HEAD_BYTES = 16;
const PORT = /^(?:0|[1-9]\d{0,4})$/;
const MAPPED_PREFIX = Buffer.from("00000000000000000000ffff", "hex");

/** A whole header. `addresses` null: the connection is the sender's own (LOCAL, UNKNOWN), and stands for nobody else. */
export interface ProxyProtocolHeader {
  readonly version: 1 | 2;
  readonly headerBytes: number;
  readonly addresses: { readonly source: IpAddress; readonly destination: IpAddress } | null;
  readonly tlvs: readonly ProxyProtocolTlv[];
}

/** `moreData`: it is not all there yet. `malformed`: it will never be a header. */
export type DecodedHeader = ProxyProtocolHeader | "moreData" | "malformed";

/**
 * Which version these bytes are. `moreData`: they may become one of `versions`; null: they can't. Source: Envoy tells versions by
 * the whole signature.
 */
export function proxyProtocolVersion(bytes: Buffer, versions: readonly (1 | 2)[]): 1 | 2 | "moreData" | null {
  let possible = false;
  for (const version of versions) {
    const signature = version === 1 ? V1_SIGNATURE : V2_SIGNATURE;
    const length = Math.min(bytes.length, signature.length);
    if (bytes.compare(signature, 0, length, 0, length) !== 0) continue;
    if (length === signature.length) return version;
    possible = true;
  }
  return possible ? "moreData" : null;
}

/**
 * Reads the line of version 1 at the beginning of `bytes`, which has the signature. Stricter than Envoy, as the specification has it: single
 * spaces, CRLF, and at most 107 bytes. Source: https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt, section 2.1.
 */
export function decodeV1(bytes: Buffer): DecodedHeader {
  const end = bytes.subarray(0, MAX_V1_BYTES).indexOf(0x0a);
  if (end === -1) return bytes.length < MAX_V1_BYTES ? "moreData" : "malformed";
  if (bytes[end - 1] !== 0x0d) return "malformed";
  const [, family, source, destination, sourcePort, destinationPort, more] = bytes
    .toString("latin1", 0, end - 1)
    .split(" ");
  const header = { version: 1, headerBytes: end + 1, addresses: null, tlvs: [] } as const;
  // What follows UNKNOWN must be ignored.
  if (family === "UNKNOWN") return header;
  if ((family !== "TCP4" && family !== "TCP6") || more !== undefined) return "malformed";
  const from = textAddress(family, source, sourcePort);
  const to = textAddress(family, destination, destinationPort);
  return from === null || to === null ? "malformed" : { ...header, addresses: { source: from, destination: to } };
}

/** Reads the header of version 2 at the beginning of `bytes`, which has the signature. Source: section 2.2. */
export function decodeV2(bytes: Buffer): DecodedHeader {
  if (bytes.length < V2_HEAD_BYTES) return "moreData";
  const versionAndCommand = bytes[12]!;
  const command = versionAndCommand & 0x0f;
  if (versionAndCommand >> 4 !== 2 || command > 1) return "malformed";
  const headerBytes = V2_HEAD_BYTES + bytes.readUInt16BE(14);
  const family = bytes[13]! >> 4;
  const transport = bytes[13]! & 0x0f;
  const addressBytes = family === 1 ? 12 : 36;
  if (command === 1) {
    if ((family !== 1 && family !== 2) || (transport !== 1 && transport !== 2)) return "malformed";
    if (headerBytes < V2_HEAD_BYTES + addressBytes) return "malformed";
  }
  if (bytes.length < headerBytes) return "moreData";
  if (command === 0) return { version: 2, headerBytes, addresses: null, tlvs: [] };
  const addresses = binaryAddresses(bytes.subarray(V2_HEAD_BYTES, V2_HEAD_BYTES + addressBytes));
  const tlvs = readTlvs(bytes.subarray(V2_HEAD_BYTES + addressBytes, headerBytes));
  return addresses === null || tlvs === null ? "malformed" : { version: 2, headerBytes, addresses, tlvs };
}

function textAddress(family: "TCP4" | "TCP6", ip = "", port = ""): IpAddress | null {
  const bytes = ip.includes(":") === (family === "TCP6") ? parseIp(ip) : null;
  if (bytes === null || !PORT.test(port) || Number(port) > 65_535) return null;
  return unicast({ type: "ip", ip: ipText(bytes), port: Number(port) });
}

function binaryAddresses(bytes: Buffer): ProxyProtocolHeader["addresses"] {
  const size = bytes.length === 12 ? 4 : 16;
  const address = (index: number): IpAddress | null => {
    const ip = bytes.subarray(index * size, (index + 1) * size);
    return unicast({ type: "ip", ip: ipText(unmapped(ip)), port: bytes.readUInt16BE(2 * size + 2 * index) });
  };
  const source = address(0);
  const destination = address(1);
  return source === null || destination === null ? null : { source, destination };
}

/** An IPv4 address within an IPv6 address is known by itself, as everywhere. */
function unmapped(bytes: Buffer): Buffer {
  return bytes.length === 16 && bytes.compare(MAPPED_PREFIX, 0, 12, 0, 12) === 0 ? bytes.subarray(12) : bytes;
}

/** TCP connects single hosts: other addresses are no peers. Source: Envoy refuses them, too. */
function unicast(address: IpAddress): IpAddress | null {
  const { ip } = address;
  if (ip.includes(":")) return ip === "::" || /^ff/i.test(ip) ? null : address;
  const first = Number.parseInt(ip, 10);
  return ip === "0.0.0.0" || ip === "255.255.255.255" || (first >= 224 && first <= 239) ? null : address;
}

/** Null if a length goes beyond the end. The values are copies. */
function readTlvs(bytes: Buffer): ProxyProtocolTlv[] | null {
  const tlvs: ProxyProtocolTlv[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (at + 3 > bytes.length) return null;
    const end = at + 3 + bytes.readUInt16BE(at + 1);
    if (end > bytes.length) return null;
    tlvs.push({ type: bytes[at]!, value: Buffer.from(bytes.subarray(at + 3, end)) });
    at = end;
  }
  return tlvs;
}
