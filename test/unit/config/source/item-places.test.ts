import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { itemPlaces } from "../../../../src/config/source/item-places.ts";

const placesOf = (content: string | Uint8Array, file = "a.yaml"): string[] =>
  itemPlaces({ texts: [{ file, content }] }).map(({ kind, name, line }) => `${kind} ${name} ${line}`);

describe("itemPlaces", () => {
  const block = `# a comment
static_resources:
  listeners:
  - name: first
    address: {}

  - address: {}
    name: "second"
  clusters:
  - { name: c1 }
`;

  it("names the line in which each listener and cluster begins", () => {
    assert.deepEqual(placesOf(block), ["listener first 4", "listener second 7", "cluster c1 10"]);
  });

  it("does so in texts that are parsed as a whole, and in JSON", () => {
    const json = `{"static_resources": {"clusters": [\n {"name": "a"},\n {"name": "b"}\n]}}`;
    assert.deepEqual(placesOf(json, "a.json"), ["cluster a 2", "cluster b 3"]);
    assert.deepEqual(placesOf("static_resources: {clusters: [{name: &n x},\n {name: yy}]}"), [
      "cluster x 1",
      "cluster yy 2",
    ]);
  });

  it("has items without a name, and none of a text without items", () => {
    assert.deepEqual(placesOf("static_resources:\n  clusters:\n  - type: STATIC\n"), ["cluster  3"]);
    assert.deepEqual(placesOf("node: {id: x}"), []);
  });
});
