import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseYaml } from "../../../../src/config/source/yaml-document.ts";

function root(text: string): unknown {
  const { document, problems } = parseYaml(text);
  assert.deepEqual(problems, undefined);
  return document!.root;
}

function complaints(text: string): string[] {
  const { problems } = parseYaml(text);
  assert.ok(problems !== undefined, "accepted");
  return problems.map(({ position, message }) => `${position.line}:${position.column}: ${message}`);
}

describe("parseYaml", () => {
  const scalars: { name: string; text: string; value: unknown }[] = [
    { name: "an integer", text: "a: 42", value: 42 },
    { name: "a negative integer", text: "a: -7", value: -7 },
    { name: "a hexadecimal integer", text: "a: 0x1F", value: 31 },
    { name: "an octal integer of YAML 1.1", text: "a: 017", value: 15 },
    { name: "an octal integer of YAML 1.2", text: "a: 0o17", value: 15 },
    { name: "a fraction, which stays text", text: "a: 1.5", value: "1.5" },
    { name: "a duration", text: "a: 1s", value: "1s" },
    {
      name: "an integer beyond 2^53, which stays text",
      text: "a: 18446744073709551615",
      value: "18446744073709551615",
    },
    { name: "an address that starts like a number", text: "a: 127.0.0.1", value: "127.0.0.1" },
    { name: "true", text: "a: true", value: true },
    { name: "yes", text: "a: Yes", value: true },
    { name: "off", text: "a: OFF", value: false },
    { name: "a quoted boolean, which is text", text: 'a: "true"', value: "true" },
    { name: "a quoted number, which is text", text: "a: '8080'", value: "8080" },
    { name: "null", text: "a: null", value: null },
    { name: "a tilde", text: "a: ~", value: null },
    { name: "nothing", text: "a:", value: null },
    { name: "an explicit string", text: "a: !!str 42", value: "42" },
    { name: "a block text", text: "a: |\n  x\n  y\n", value: "x\ny\n" },
  ];
  for (const { name, text, value } of scalars) {
    it(`reads ${name}`, () => assert.deepEqual(root(text), { a: value }));
  }

  it("resolves anchors and aliases", () => {
    assert.deepEqual(root("a: &x [1, 2]\nb: *x\n"), { a: [1, 2], b: [1, 2] });
  });

  it("merges maps with <<, own keys first", () => {
    const text = "d: &d {x: 1, y: 2}\ne: &e {y: 3, z: 4}\na:\n  x: 9\n  <<: [*d, *e]\n";
    assert.deepEqual((root(text) as { a: unknown }).a, { x: 9, y: 2, z: 4 });
  });

  it("drops what is tagged !ignore but keeps its anchors", () => {
    assert.deepEqual(root("shared: !ignore\n  t: &t 5s\na: *t\n"), { a: "5s" });
    assert.deepEqual(root("x: !ignore &x 5s\na: *x\n"), { a: "5s" });
  });

  it("takes __proto__ for an ordinary key", () => {
    const value = root("__proto__: {polluted: 1}\nconstructor: 2\n") as object;
    assert.deepEqual(Object.keys(value), ["__proto__", "constructor"]);
    assert.equal((value as { polluted?: unknown }).polluted, undefined);
    assert.equal(({} as { polluted?: unknown }).polluted, undefined);
  });

  const refused: { name: string; text: string; complaints: string[] }[] = [
    { name: "a duplicate key", text: "a: 1\nb: 2\na: 3\n", complaints: ['3:1: duplicate key "a"'] },
    {
      name: "an alias without an anchor",
      text: "a: *x\n",
      complaints: ["1:4: no anchor of this name before this alias"],
    },
    { name: "an alias inside its own anchor", text: "a: &x [*x]\n", complaints: ["1:8: alias *x contains itself"] },
    {
      name: "a merge of a list of numbers",
      text: "a:\n  <<: [1]\n",
      complaints: ["2:7: the value of << must be a map or a list of maps"],
    },
    {
      name: "an unknown tag",
      text: "a: !!timestamp 2001-01-01\n",
      complaints: ["1:16: tag !!timestamp is not supported"],
    },
    {
      name: "a tag that may be an unquoted password, without saying it",
      text: "a: !secret\n",
      complaints: ["1:11: this tag is not supported"],
    },
    { name: "a map as a key", text: "? {a: 1}\n: 2\n", complaints: ["1:3: a key must be plain text"] },
    {
      name: "a second document",
      text: "a: 1\n---\nb: 2\n",
      complaints: ["2:1: more than one YAML document"],
    },
  ];
  for (const { name, text, complaints: expected } of refused) {
    it(`refuses ${name}`, () => {
      assert.deepEqual(complaints(text), expected);
    });
  }

  it("refuses bad syntax with its line", () => {
    const found = complaints('a: 1\nb: "open\nc: 2\n');
    assert.match(found[0]!, /^[34]:1: Missing closing "quote/);
  });

  it("refuses 10,000 levels of lists, maps and blocks", () => {
    const deep = [
      "[".repeat(10_000),
      `${"- ".repeat(10_000)}x`,
      `${"{a: ".repeat(10_000)}1${"}".repeat(10_000)}`,
      "[".repeat(200) + "]".repeat(200),
    ];
    for (const text of deep) {
      const found = complaints(text);
      assert.equal(found.length > 0 && found.length <= 20, true);
      assert.match(found[0]!, /nested more than 100 deep|end with|expected/i);
    }
  });

  it("refuses an alias bomb without expanding it", () => {
    const lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let i = 1; i <= 12; i++)
      lines.push(
        `a${i}: &a${i} [${Array(10)
          .fill(`*a${i - 1}`)
          .join(", ")}]`,
      );
    assert.match(complaints(lines.join("\n"))[0]!, /more than 5000000 values, counting each use of an alias/);
  });

  it("finds places by either spelling, through aliases, merges and single values", () => {
    const text = "base: &base\n  connectTimeout: 5s\nclusters:\n  <<: *base\n  name: x\nlist:\n  - a\n  - b: 1\n";
    const { document } = parseYaml(text);
    const at = (...steps: (string | number)[]): string => {
      const { line, column, matched } = document!.locate(steps);
      return `${line}:${column} ${matched}`;
    };
    assert.equal(at("clusters", "name"), "5:3 2");
    assert.equal(at("clusters", 0, "connect_timeout"), "2:3 3");
    assert.equal(at("clusters", "missing", "x"), "3:1 1");
    assert.equal(at("list", 1, "b"), "8:5 3");
    assert.equal(at("list", 7), "6:1 1");
    assert.equal(at(), "1:1 0");
  });
});
