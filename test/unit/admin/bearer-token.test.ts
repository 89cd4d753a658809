import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BearerToken } from "../../../src/admin/bearer-token.ts";

describe("BearerToken", () => {
  it("refuses tokens that can be guessed, and those that no header can carry", () => {
    assert.throws(() => new BearerToken(""), { message: "the token must have at least 16 characters" });
    assert.throws(() => new BearerToken("0123456789abcde"), { message: /at least 16/ });
    for (const token of ["0123456789 abcdef", "0123456789abcdef\n", "0123456789abcdé!", "====0123456789abcdef"]) {
      assert.throws(() => new BearerToken(token), { message: /may have letters, digits and -\._~\+\/ only/ }, token);
    }
    assert.ok(new BearerToken("aA0-._~+/aA0-._~+/==").isIn("Bearer aA0-._~+/aA0-._~+/=="));
  });
});
