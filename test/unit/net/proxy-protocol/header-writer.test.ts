import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Address } from "../../../../src/net/address.ts";
import { proxyHeaderV1, proxyHeaderV2 } from "../../../../src/net/proxy-protocol/header-writer.ts";

const at = (ip: string, port: number): Address => ({ type: "ip", ip, port });
const V4 = { source: at("192.168.0.1", 56324), destination: at("192.168.0.11", 443) };
const V6 = { source: at("2001:db8::1", 1), destination: at("::ffff:1.2.3.4", 65535) };
const MIXED = { source: at("192.168.0.1", 1), destination: at("::1", 2) };
const PIPE = { source: { type: "pipe", path: "/a", mode: 0 } as const, destination: at("::1", 2) };
const SIGNATURE = "0d0a0d0a000d0a515549540a";

describe("A header of the PROXY protocol", () => {
  const lines = [
    ["IPv4", V4, "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"],
    ["IPv6", V6, "PROXY TCP6 2001:db8::1 ::ffff:1.2.3.4 1 65535\r\n"],
    ["both", MIXED, "PROXY UNKNOWN\r\n"],
    ["a Unix-domain socket", PIPE, "PROXY UNKNOWN\r\n"],
    ["nothing", null, "PROXY UNKNOWN\r\n"],
  ] as const;
  for (const [what, ends, line] of lines) {
    it(`of version 1 tells ${what}`, () => {
      assert.equal(proxyHeaderV1(ends).toString(), line);
    });
  }

  it("of version 2 has IPv4 addresses in 12 bytes", () => {
    const expected = `${SIGNATURE}2111000c${"c0a80001"}${"c0a8000b"}dc0401bb`;
    assert.equal(proxyHeaderV2(V4).toString("hex"), expected);
  });

  it("of version 2 has IPv6 addresses in 36 bytes, without their zones", () => {
    const source = "20010db8000000000000000000000001";
    const destination = "00000000000000000000ffff01020304";
    const expected = `${SIGNATURE}21210024${source}${destination}0001ffff`;
    assert.equal(proxyHeaderV2(V6).toString("hex"), expected);
    const zoned = { source: at("fe80::1%eth0", 1), destination: at("fe80::2", 2) };
    assert.match(proxyHeaderV2(zoned).toString("hex"), /^.{32}fe800000000000000000000000000001fe80/);
  });

  it("of version 2 has what belongs to it behind the addresses", () => {
    const tlvs = [
      { type: 0x02, value: Buffer.from("example.org") },
      { type: 0xe0, value: Buffer.alloc(0) },
    ];
    const header = proxyHeaderV2(V4, tlvs).toString("hex");
    assert.equal(header.slice(24, 32), "2111001d");
    assert.equal(header.slice(56), `02000b${Buffer.from("example.org").toString("hex")}e00000`);
  });

  it("of version 2 is LOCAL where nothing can be said", () => {
    for (const ends of [MIXED, PIPE, null]) assert.equal(proxyHeaderV2(ends).toString("hex"), `${SIGNATURE}20000000`);
  });
});
