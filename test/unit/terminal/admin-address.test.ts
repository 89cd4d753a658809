import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseAdminAddress, showAdminAddress } from "../../../src/terminal/admin-address.ts";

describe("parseAdminAddress", () => {
  for (const [text, shown] of [
    ["127.0.0.1:9901", "127.0.0.1:9901"],
    ["http://127.0.0.1:9901/", "127.0.0.1:9901"],
    ["localhost:80", "localhost:80"],
    ["[::1]:9901", "[::1]:9901"],
    ["9901", "127.0.0.1:9901"],
    ["/run/troupe.sock", "/run/troupe.sock"],
    ["@abstract", "@abstract"],
    ["unix:/run/troupe.sock", "/run/troupe.sock"],
    ["unix:admin.sock", "admin.sock"],
    ["unix:@abstract", "@abstract"],
  ] as const) {
    it(`understands ${text}`, () => assert.equal(showAdminAddress(parseAdminAddress(text)), shown));
  }

  for (const text of ["", "localhost", "127.0.0.1:0", "127.0.0.1:65536", "a b:1", "https://127.0.0.1:1", "unix:"]) {
    it(`refuses "${text}"`, () => {
      assert.throws(() => parseAdminAddress(text), { message: /is no admin address; give HOST:PORT/ });
    });
  }
});
