import type { Buffer } from "node:buffer";
import { HelloFields } from "./hello-fields.ts";

const SERVER_NAME = 0;
const GROUPS = 10;
const POINT_FORMATS = 11;
const SIGNATURE_ALGORITHMS = 13;
const ALPN = 16;
const SUPPORTED_VERSIONS = 43;

/** What fingerprints are made of. Numbers in the order of the hello, without GREASE (RFC 8701). */
export interface HelloTraits {
  /** The old field of the version: 0x0303 from all clients of today. */
  readonly legacyVersion: number;
  /** The highest version that the client offers. */
  readonly version: number;
  readonly ciphers: readonly number[];
  readonly extensions: readonly number[];
  readonly groups: readonly number[];
  readonly pointFormats: readonly number[];
  readonly signatureAlgorithms: readonly number[];
  readonly namesServer: boolean;
  /** As bytes (latin1); `""` if none. */
  readonly firstProtocol: string;
}

/** Reads a ClientHello without its header that has been found to be whole. Sources: RFC 8446 section 4.1.2 and 4.2. */
export function readHelloTraits(bytes: Buffer): HelloTraits {
  const hello = new HelloFields(bytes);
  const legacyVersion = hello.number(2);
  hello.skip(32);
  hello.block(1);
  const ciphers = numbers(hello.block(2), 2);
  hello.block(1);
  const bodies = new Map<number, HelloFields>();
  const extensions: number[] = [];
  const fields = hello.block(2);
  while (!fields.isAtEnd) {
    const type = fields.number(2);
    const body = fields.block(2);
    if (isGrease(type)) continue;
    extensions.push(type);
    bodies.set(type, body);
  }
  const list = (type: number, lengthBytes: number, size: number): number[] => {
    const body = bodies.get(type);
    return body === undefined ? [] : numbers(body.block(lengthBytes), size);
  };
  return {
    legacyVersion,
    version: Math.max(...list(SUPPORTED_VERSIONS, 1, 2), 0) || legacyVersion,
    ciphers,
    extensions,
    groups: list(GROUPS, 2, 2),
    pointFormats: list(POINT_FORMATS, 1, 1),
    signatureAlgorithms: list(SIGNATURE_ALGORITHMS, 2, 2),
    namesServer: bodies.has(SERVER_NAME),
    firstProtocol: bodies.get(ALPN)?.block(2).block(1).text() ?? "",
  };
}

function numbers(list: HelloFields, size: number): number[] {
  const found: number[] = [];
  while (!list.isAtEnd) {
    const number = list.number(size);
    if (!list.isBroken && !(size === 2 && isGrease(number))) found.push(number);
  }
  return found;
}

/** Values that clients send so that servers don't come to rely on what they know. */
function isGrease(value: number): boolean {
  return (value & 0x0f0f) === 0x0a0a && value >> 8 === (value & 0xff);
}
