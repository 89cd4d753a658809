import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseIpPort } from "../../../src/net/parse-ip-port.ts";

describe("parseIpPort", () => {
  it("reads IPv4 and bracketed IPv6 addresses with a port", () => {
    assert.deepEqual(parseIpPort("127.0.0.1:80"), { type: "ip", ip: "127.0.0.1", port: 80 });
    assert.deepEqual(parseIpPort("[::1]:65535"), { type: "ip", ip: "::1", port: 65_535 });
  });

  for (const text of [
    "",
    ":",
    ":80",
    "127.0.0.1",
    "127.0.0.1:",
    "127.0.0.1:0",
    "127.0.0.1:65536",
    "127.0.0.1:+80",
    "127.0.0.1: 80",
    "127.0.0.1:1e3",
    "127.0.0.256:80",
    "[127.0.0.1]:80",
    "::1:80",
    "[::1]",
    "[::1:80",
    "localhost:80",
    "/run/app.sock",
    `${"1".repeat(100_000)}:80`,
  ]) {
    it(`refuses ${JSON.stringify(text.slice(0, 20))}`, () => {
      assert.equal(parseIpPort(text), null);
    });
  }
});
