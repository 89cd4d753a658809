import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Place } from "../../../src/config/place.ts";
import { holdsSecret, withoutQuotes } from "../../../src/config/secret-place.ts";

const place = (...steps: readonly (string | number)[]): Place =>
  steps.reduce<Place>((at, step) => (typeof step === "number" ? at.index(step) : at.field(step)), Place.root);

describe("holdsSecret", () => {
  for (const steps of [
    ["tls_certificates", 0, "private_key"],
    ["tls_certificates", 0, "password", "inline_string"],
    ["session_ticket_keys", "keys", 1, "inline_bytes"],
    ["providers", "a", "local_jwks", "inline_string"],
    ["request_headers_to_add", 0, "header", "value"],
    ["request_mutations", 0, "append", "header", "raw_value"],
    ["headers_to_add", 2, "value"],
    ["initial_metadata", 0, "value"],
  ]) {
    it(`is true of ${place(...steps)}`, () => assert.equal(holdsSecret(place(...steps)), true));
  }
  for (const steps of [
    ["tls_certificates", 0, "certificate_chain", "inline_string"],
    ["static_resources", "secrets", 0, "name"],
    ["request_headers_to_add", 0, "header", "key"],
    ["request_headers_to_add", 0, "append_action"],
    ["max_requests", "value"],
  ]) {
    it(`is false of ${place(...steps)}`, () => assert.equal(holdsSecret(place(...steps)), false));
  }
});

describe("withoutQuotes", () => {
  it("leaves no text in quotes, also if it has quotes itself or was cut", () => {
    assert.equal(
      withoutQuotes('expected a number, found "a\\"b", not "c"'),
      "expected a number, found [redacted], not [redacted]",
    );
    assert.equal(withoutQuotes('found "abc…'), "found [redacted]");
    assert.equal(withoutQuotes('found "abc\\…'), "found [redacted]");
    assert.equal(withoutQuotes("name is required"), "name is required");
  });
});
