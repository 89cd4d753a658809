import { createHash } from "node:crypto";
import type { HelloTraits } from "./hello-traits.ts";

const SERVER_NAME = 0;
const ALPN = 16;
const HASH_CHARS = 12;
const NOTHING = "0".repeat(HASH_CHARS);
const VERSION_NAMES = new Map([
  [0x0304, "13"],
  [0x0303, "12"],
  [0x0302, "11"],
  [0x0301, "10"],
  [0x0300, "s3"],
]);

/** The JA3 fingerprint of a hello: an MD5 hash in hex. Source: https://github.com/salesforce/ja3. */
export function ja3Fingerprint(traits: HelloTraits): string {
  const lists = [traits.ciphers, traits.extensions, traits.groups, traits.pointFormats];
  const text = [traits.legacyVersion, ...lists.map((list) => list.join("-"))].join(",");
  return createHash("md5").update(text).digest("hex");
}

/** The JA4 fingerprint of a hello over TCP. Source: https://github.com/FoxIO-LLC/ja4, technical_details/JA4.md. */
export function ja4Fingerprint(traits: HelloTraits): string {
  const { ciphers, extensions, signatureAlgorithms } = traits;
  const version = VERSION_NAMES.get(traits.version) ?? "00";
  const name = traits.namesServer ? "d" : "i";
  const protocol = protocolEnds(traits.firstProtocol);
  const head = `t${version}${name}${count(ciphers)}${count(extensions)}${protocol}`;
  const others = extensions.filter((type) => type !== SERVER_NAME && type !== ALPN);
  const algorithms = signatureAlgorithms.length === 0 ? "" : `_${hexList(signatureAlgorithms)}`;
  const extensionHash = extensions.length === 0 ? NOTHING : shortHash(`${sortedHex(others)}${algorithms}`);
  return `${head}_${ciphers.length === 0 ? NOTHING : shortHash(sortedHex(ciphers))}_${extensionHash}`;
}

/** First and last character of the first protocol; of their bytes in hex if they are no letters or digits. */
function protocolEnds(protocol: string): string {
  if (protocol === "") return "00";
  const first = protocol[0]!;
  const last = protocol.at(-1)!;
  if (/^[0-9A-Za-z]{2}$/.test(first + last)) return first + last;
  return hex(first.charCodeAt(0), 2)[0]! + hex(last.charCodeAt(0), 2)[1]!;
}

function count(list: readonly number[]): string {
  return String(Math.min(list.length, 99)).padStart(2, "0");
}

function sortedHex(list: readonly number[]): string {
  return hexList(list.toSorted((a, b) => a - b));
}

function hexList(list: readonly number[]): string {
  return list.map((value) => hex(value, 4)).join(",");
}

function hex(value: number, chars: number): string {
  return value.toString(16).padStart(chars, "0");
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_CHARS);
}
