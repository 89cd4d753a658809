import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type RowQuery, rowFilter } from "../../../src/base/row-filter.ts";

const row = { id: 7, listener: "ingress", peer: "10.0.0.1:5000", draining: false };

describe("rowFilter", () => {
  const cases: readonly { readonly name: string; readonly query: RowQuery; readonly wanted: boolean }[] = [
    { name: "nothing asked", query: { text: "", fields: {} }, wanted: true },
    { name: "a part of a text in any case", query: { text: "INGR", fields: {} }, wanted: true },
    { name: "a text that is nowhere", query: { text: "egress", fields: {} }, wanted: false },
    { name: "a number is no text", query: { text: "7", fields: {} }, wanted: false },
    { name: "a field's value", query: { text: "", fields: { listener: "ingress", id: "7" } }, wanted: true },
    { name: "a field's other value", query: { text: "", fields: { listener: "ingres" } }, wanted: false },
    { name: "a field that there isn't", query: { text: "", fields: { valueOf: "x" } }, wanted: false },
    { name: "both", query: { text: "10.0", fields: { draining: "false" } }, wanted: true },
    { name: "only one of both", query: { text: "10.1", fields: { draining: "false" } }, wanted: false },
  ];
  for (const { name, query, wanted } of cases) {
    it(`${wanted ? "takes" : "leaves"} a row: ${name}`, () => assert.equal(rowFilter(query)(row), wanted));
  }
});
