import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { linesAround, placeOf } from "../../../../src/admin/page/problems.ts";

describe("The place of a problem", () => {
  it("is the line and column that it begins with", () => {
    assert.deepEqual(placeOf("/etc/a b.yaml:20:26: static_resources: no such field"), { line: 20, column: 26 });
    assert.deepEqual(placeOf("dry run:1:2: x: y:3:4: z"), { line: 1, column: 2 });
  });

  it("is unknown for what has none", () => {
    assert.equal(placeOf("worker-1: port 80 is taken"), undefined);
  });

  it("is shown between its neighbours, as far as there are any", () => {
    const lines = linesAround("a\nb\nc\nd\ne\nf", 2);
    assert.deepEqual(
      lines.map(({ number, text, marked }) => `${number}${text}${marked ? "!" : ""}`),
      ["1a", "2b!", "3c", "4d"],
    );
    assert.deepEqual(
      linesAround("a", 1).map(({ text }) => text),
      ["a"],
    );
  });
});
