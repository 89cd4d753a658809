import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type HelloTraits,
  readHelloTraits,
} from "../../../../../src/extensions/listener/tls_inspector/hello-traits.ts";
import {
  ja3Fingerprint,
  ja4Fingerprint,
} from "../../../../../src/extensions/listener/tls_inspector/tls-fingerprint.ts";

const NOTHING: HelloTraits = {
  legacyVersion: 0x0303,
  version: 0x0303,
  ciphers: [],
  extensions: [],
  groups: [],
  pointFormats: [],
  signatureAlgorithms: [],
  namesServer: false,
  firstProtocol: "",
};
const hexes = (text: string): number[] => text.split(",").map((value) => Number.parseInt(value, 16));

/** A block with its length before it. */
function block(lengthBytes: number, ...parts: Buffer[]): Buffer {
  const body = Buffer.concat(parts);
  const length = Buffer.alloc(lengthBytes);
  length.writeUIntBE(body.length, 0, lengthBytes);
  return Buffer.concat([length, body]);
}
const shorts = (...values: number[]): Buffer =>
  Buffer.concat(values.map((value) => Buffer.from([value >> 8, value & 0xff])));
const extension = (type: number, body: Buffer): Buffer => Buffer.concat([shorts(type), block(2, body)]);

describe("TLS fingerprints", () => {
  it("are those of the examples in the descriptions of JA3 and JA4", () => {
    const old = {
      ...NOTHING,
      legacyVersion: 769,
      ciphers: [47, 53, 5, 10, 49161, 49162, 49171, 49172, 50, 56, 19, 4],
      extensions: [0, 10, 11],
      groups: [23, 24, 25],
      pointFormats: [0],
    };
    assert.equal(ja3Fingerprint(old), "ada70206e40642a3e4461f35503241d5");
    const chrome = {
      ...NOTHING,
      version: 0x0304,
      ciphers: hexes("1301,1302,1303,c02b,c02f,c02c,c030,cca9,cca8,c013,c014,009c,009d,002f,0035"),
      extensions: hexes("001b,0000,0033,0010,4469,0017,002d,000d,0005,0023,0012,002b,ff01,000b,000a,0015"),
      signatureAlgorithms: hexes("0403,0804,0401,0503,0805,0501,0806,0601"),
      namesServer: true,
      firstProtocol: "h2",
    };
    assert.equal(ja4Fingerprint(chrome), "t13d1516h2_8daaf6152771_e5627efa2ab1");
  });

  it("say so when there is nothing", () => {
    assert.equal(ja4Fingerprint({ ...NOTHING, version: 1 }), "t00i000000_000000000000_000000000000");
    assert.equal(ja4Fingerprint({ ...NOTHING, firstProtocol: "\xabx\xcd" }).slice(0, 10), "t12i0000ad");
  });

  it("are made of a hello without its GREASE", () => {
    const extensions = [
      extension(0x1a1a, Buffer.alloc(0)),
      extension(0, block(2, Buffer.from([0]), block(2, Buffer.from("a.b")))),
      extension(16, block(2, block(1, Buffer.from("http/1.1")))),
      extension(10, block(2, shorts(0x2a2a, 29))),
      extension(11, block(1, Buffer.from([0]))),
      extension(13, block(2, shorts(0x0403))),
      extension(43, block(1, shorts(0x3a3a, 0x0304, 0x0303))),
    ];
    const hello = Buffer.concat([
      shorts(0x0303),
      Buffer.alloc(32),
      block(1, Buffer.alloc(32)),
      block(2, shorts(0x0a0a, 0x1301, 0xc02f)),
      block(1, Buffer.from([0])),
      block(2, ...extensions),
    ]);
    assert.deepEqual(readHelloTraits(hello), {
      legacyVersion: 0x0303,
      version: 0x0304,
      ciphers: [0x1301, 0xc02f],
      extensions: [0, 16, 10, 11, 13, 43],
      groups: [29],
      pointFormats: [0],
      signatureAlgorithms: [0x0403],
      namesServer: true,
      firstProtocol: "http/1.1",
    });
  });
});
