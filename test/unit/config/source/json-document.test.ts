import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseJson } from "../../../../src/config/source/json-document.ts";

function complaints(text: string): string[] {
  const { problems } = parseJson(text);
  assert.ok(problems !== undefined, "accepted");
  return problems.map(({ position, message }) => `${position.line}:${position.column}: ${message}`);
}

describe("parseJson", () => {
  it("reads JSON", () => {
    assert.deepEqual(parseJson('{"a": [1, "b:c", {"d": null}]}').document!.root, { a: [1, "b:c", { d: null }] });
  });

  it("refuses bad syntax with its line", () => {
    const wrong: { text: string; complaint: string }[] = [
      { text: '{\n  "a": 1,\n  "b": }', complaint: '3:8: unexpected "}", expected value' },
      { text: '{"a": 1', complaint: "1:8: the text ends, expected comma or end" },
      { text: "[1, 2,]", complaint: '1:7: unexpected "]", expected value' },
      { text: "{'a': 1}", complaint: '1:2: unexpected "\'", expected key' },
      { text: '{"a" 1}', complaint: '1:6: unexpected "1", expected colon' },
      { text: '["a\\q"]', complaint: "1:2: this string does not end, or has an invalid escape" },
      { text: "[] []", complaint: '1:4: unexpected "[", expected nothing' },
      { text: "[01]", complaint: '1:3: unexpected "1", expected comma or end' },
    ];
    for (const { text, complaint } of wrong) assert.deepEqual(complaints(text), [complaint]);
  });

  it("refuses each duplicate key, and is not misled by colons and quotes in strings", () => {
    assert.deepEqual(complaints('{"a": 1, "b": {"c": 1, "c": 2},\n "a": 3}'), [
      '1:24: duplicate key "c"',
      '2:2: duplicate key "a"',
    ]);
    assert.equal(parseJson('{"a:\\"b": ":", "c": "\\\\"}').problems, undefined);
  });

  it("refuses 10,000 levels", () => {
    const text = `${"[".repeat(10_000)}${"]".repeat(10_000)}`;
    assert.deepEqual(complaints(text), ["1:1: lists and maps are nested more than 100 deep"]);
  });

  it("finds places by either spelling and in single values", () => {
    const text =
      '{\n "clusters": [\n  {"name": "a"},\n  {"connectTimeout": "1s"}],\n "one": {"x": 1}, "many": [{"y": 2}]}';
    const { document } = parseJson(text);
    const at = (...steps: (string | number)[]): string => {
      const { line, column, matched } = document!.locate(steps);
      return `${line}:${column} ${matched}`;
    };
    assert.equal(at("clusters", 0, "name"), "3:4 3");
    assert.equal(at("clusters", 1, "connect_timeout"), "4:4 3");
    assert.equal(at("clusters", 1, "missing"), "4:3 2");
    assert.equal(at("one", 0, "x"), "5:10 3");
    assert.equal(at("many", "y"), "5:29 2");
    assert.equal(at("none"), "1:1 0");
  });
});
