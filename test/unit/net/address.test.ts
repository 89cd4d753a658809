import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatAddress, formatSocketEnd, ipOfAddress } from "../../../src/net/address.ts";

describe("An address as text", () => {
  it("has brackets around IPv6, and is the path of a Unix-domain socket", () => {
    assert.equal(formatAddress({ type: "ip", ip: "10.0.0.1", port: 80 }), "10.0.0.1:80");
    assert.equal(formatAddress({ type: "ip", ip: "::1", port: 80 }), "[::1]:80");
    assert.equal(formatAddress({ type: "pipe", path: "/run/a.sock", mode: 0 }), "/run/a.sock");
  });

  it("of a socket's end is IPv4 where that is mapped, and empty where nothing is known", () => {
    assert.equal(formatSocketEnd("::ffff:10.0.0.1", 80), "10.0.0.1:80");
    assert.equal(formatSocketEnd("::1", 80), "[::1]:80");
    assert.equal(formatSocketEnd(undefined, undefined), "");
  });

  it("gives its IP back, and a path as it is", () => {
    assert.equal(ipOfAddress("10.0.0.1:80"), "10.0.0.1");
    assert.equal(ipOfAddress("[::1]:80"), "::1");
    assert.equal(ipOfAddress("/run/a.sock"), "/run/a.sock");
  });
});
