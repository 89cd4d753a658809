import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type DecodedHeader,
  decodeV1,
  decodeV2,
  proxyProtocolVersion,
  V2_SIGNATURE,
} from "../../../src/net/proxy-protocol/proxy-protocol-decoder.ts";

const v1 = (line: string): DecodedHeader => decodeV1(Buffer.from(line, "latin1"));

function v2(versionCommand: number, family: number, body: Buffer, length = body.length): Buffer {
  const head = Buffer.from([versionCommand, family, length >> 8, length & 0xff]);
  return Buffer.concat([V2_SIGNATURE, head, body]);
}

const IPV4 = Buffer.from([10, 0, 0, 1, 10, 0, 0, 2, 0x12, 0x34, 0, 80]);
const ip = (text: string, port: number) => ({ type: "ip", ip: text, port });

describe("Decoding PROXY protocol version 1", () => {
  it("reads both families, and ignores what follows UNKNOWN", () => {
    assert.deepEqual(v1("PROXY TCP4 1.2.3.4 5.6.7.8 0 65535\r\nGET"), {
      version: 1,
      headerBytes: 36,
      addresses: { source: ip("1.2.3.4", 0), destination: ip("5.6.7.8", 65_535) },
      tlvs: [],
    });
    const six = v1("PROXY TCP6 2001:db8:0:0::1 ::1 1 2\r\n");
    assert.ok(typeof six !== "string");
    assert.deepEqual(six.addresses, { source: ip("2001:db8::1", 1), destination: ip("::1", 2) });
    const unknown = v1("PROXY UNKNOWN what ever\r\n");
    assert.ok(typeof unknown !== "string");
    assert.equal(unknown.addresses, null);
    assert.equal(v1("PROXY UNKNOWN\r\n") === "malformed", false);
  });

  it("waits for the end of the line, as long as a line may be", () => {
    const line = "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n";
    for (let length = 6; length < line.length; length++) assert.equal(v1(line.slice(0, length)), "moreData");
    assert.equal(v1(`PROXY UNKNOWN ${"x".repeat(91)}\r\n`) === "malformed", false);
    assert.equal(v1(`PROXY UNKNOWN ${"x".repeat(92)}\r\n`), "malformed");
    assert.equal(v1("PROXY TCP4 ".padEnd(107, "1")), "malformed");
  });

  it("refuses everything else", () => {
    for (const rest of [
      "TCP4 1.2.3.4 5.6.7.8 1\r\n",
      "TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n",
      "TCP4 1.2.3.4 5.6.7.8 1 65536\r\n",
      "TCP4 1.2.3.4 5.6.7.8 01 2\r\n",
      "TCP4 1.2.3.4 5.6.7.8 -1 2\r\n",
      "TCP4 1.2.3 5.6.7.8 1 2\r\n",
      "TCP4 01.2.3.4 5.6.7.8 1 2\r\n",
      "TCP4 ::1 ::1 1 2\r\n",
      "TCP6 1.2.3.4 5.6.7.8 1 2\r\n",
      "TCP6 fe80::1%eth0 ::1 1 2\r\n",
      "TCP4  1.2.3.4 5.6.7.8 1 2\r\n",
      "TCP4 1.2.3.4 5.6.7.8 1 2\n",
      "TCP4 0.0.0.0 5.6.7.8 1 2\r\n",
      "TCP4 224.0.0.1 5.6.7.8 1 2\r\n",
      "TCP6 ff02::1 ::1 1 2\r\n",
      "UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
      "\r\n",
    ]) {
      assert.equal(v1(`PROXY ${rest}`), "malformed", rest);
    }
  });
});

describe("Decoding PROXY protocol version 2", () => {
  it("reads both families and all TLVs", () => {
    const tlvs = Buffer.from([0xea, 0, 3, 1, 2, 3, 0x04, 0, 0]);
    const bytes = v2(0x21, 0x11, Buffer.concat([IPV4, tlvs]));
    for (let length = 12; length < bytes.length; length++) {
      assert.equal(decodeV2(bytes.subarray(0, length)), "moreData");
    }
    assert.deepEqual(decodeV2(Buffer.concat([bytes, Buffer.from("rest")])), {
      version: 2,
      headerBytes: bytes.length,
      addresses: { source: ip("10.0.0.1", 0x1234), destination: ip("10.0.0.2", 80) },
      tlvs: [
        { type: 0xea, value: Buffer.from([1, 2, 3]) },
        { type: 4, value: Buffer.alloc(0) },
      ],
    });
    const six = Buffer.alloc(36);
    six.set([0x20, 1, 0x0d, 0xb8], 0);
    six.set([0xff, 0xff, 1, 2, 3, 4], 26);
    const decoded = decodeV2(v2(0x21, 0x21, six));
    assert.ok(typeof decoded !== "string");
    assert.deepEqual(decoded.addresses, { source: ip("2001:db8::", 0), destination: ip("1.2.3.4", 0) });
  });

  it("leaves a LOCAL connection its own addresses, whatever else it says", () => {
    for (const body of [Buffer.alloc(0), Buffer.alloc(40, 0xff)]) {
      const decoded = decodeV2(v2(0x20, 0, body));
      assert.ok(typeof decoded !== "string");
      assert.deepEqual([decoded.addresses, decoded.headerBytes, decoded.tlvs], [null, 16 + body.length, []]);
    }
  });

  it("refuses other versions, commands, families and lengths", () => {
    const bad: [string, Buffer][] = [
      ["version 1", v2(0x11, 0x11, IPV4)],
      ["command 2", v2(0x22, 0x11, IPV4)],
      ["unspecified family", v2(0x21, 0x01, IPV4)],
      ["Unix-domain sockets", v2(0x21, 0x31, Buffer.alloc(216))],
      ["no transport", v2(0x21, 0x10, IPV4)],
      ["too short for its addresses", v2(0x21, 0x11, IPV4.subarray(1))],
      ["too short for IPv6", v2(0x21, 0x21, IPV4)],
      ["half a TLV", v2(0x21, 0x11, Buffer.concat([IPV4, Buffer.from([1, 0])]))],
      ["a TLV beyond the end", v2(0x21, 0x11, Buffer.concat([IPV4, Buffer.from([1, 0, 2, 0])]))],
      ["a multicast source", v2(0x21, 0x11, Buffer.concat([Buffer.from([224]), IPV4.subarray(1)]))],
    ];
    for (const [name, bytes] of bad) assert.equal(decodeV2(bytes), "malformed", name);
  });
});

describe("The version of a PROXY protocol header", () => {
  it("is known by the whole signature, of the versions that are looked for", () => {
    const of = (text: string | Buffer, versions: (1 | 2)[] = [1, 2]) =>
      proxyProtocolVersion(Buffer.from(text as string), versions);
    assert.equal(of("PROX"), "moreData");
    assert.equal(of("PROXY "), 1);
    assert.equal(of("PROXY/"), null);
    assert.equal(of(V2_SIGNATURE), 2);
    assert.equal(of(V2_SIGNATURE.subarray(0, 11)), "moreData");
    assert.equal(of("\r\nG"), null);
    assert.equal(of("PROXY ", [2]), null);
    assert.equal(of(V2_SIGNATURE.subarray(0, 4), [1]), null);
  });
});
