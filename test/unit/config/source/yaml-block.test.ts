import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readBlockYaml } from "../../../../src/config/source/yaml-block.ts";
import { parseAnyYaml } from "../../../../src/config/source/yaml-document.ts";

/** Holds that a text is read, and as the general parser reads it. */
function same(text: string): unknown {
  const value = readBlockYaml(text);
  assert.notEqual(value, undefined, `not read:\n${text}`);
  assert.deepEqual(value, parseAnyYaml(text).document?.root);
  return value;
}

const WORDS = [
  "a",
  "b:",
  "c: 1",
  "name: x",
  "- ",
  "- a",
  "- b: 2",
  "-",
  "- - x",
  "'q': \"r\"",
  '"@type": t/v.W',
  "true",
  "k: yes # c",
];
const ODD = [
  "\t",
  "#",
  " # x",
  "---",
  "...",
  "? a",
  "*a",
  "&a b",
  "!t",
  "|",
  "> ",
  "{}",
  "[",
  '"',
  "'",
  ":",
  ": ",
  "<<: a",
  "\r",
  "\u0085",
  "\ufeff",
  "-1",
  "0x1",
  "a b",
  "a:b",
  "a #b",
  "a# b",
  "~",
  "null",
];

describe("readBlockYaml", () => {
  it("reads maps, lists, quotes, comments and nothing", () => {
    const text = `# comment
"@type": type.googleapis.com/x.Y
empty:
nested:   # why
  list:
  - a
  -   b: 'quoted # text'
      c: "1"

      d: 0x10
  -
    e: ~
  - - x
    - z
  -
  more: 1.5s
last: -5\r
`;
    assert.deepEqual(same(text), {
      "@type": "type.googleapis.com/x.Y",
      empty: null,
      nested: { list: ["a", { b: "quoted # text", c: "1", d: 16 }, { e: null }, ["x", "z"], null], more: "1.5s" },
      last: -5,
    });
  });

  it("reads an indented list, as items of a longer text are", () => {
    assert.deepEqual(same("    - name: a\n    # b\n    - name: b"), [{ name: "a" }, { name: "b" }]);
  });

  const unusual: { name: string; text: string }[] = [
    { name: "nothing", text: "# only a comment\n" },
    { name: "a single word", text: "word\n" },
    { name: "flow style", text: "a: [1]\n" },
    { name: "block text", text: "a: |\n  x\n" },
    { name: "words on several lines", text: "a: b\n  c\n" },
    { name: "anchors", text: "a: &x 1\n" },
    { name: "escapes", text: 'a: "\\n"\n' },
    { name: "spaces in words", text: "a: b c\n" },
    { name: "duplicate keys", text: "a: 1\na: 2\n" },
    { name: "tabs", text: "a:\n\tb: 1\n" },
    { name: "bad indentation", text: "a:\n    b: 1\n  c: 2\n" },
    { name: "a second document", text: "a: 1\n---\nb: 1\n" },
    { name: "200 levels", text: `${"- ".repeat(200)}x\n` },
  ];
  for (const { name, text } of unusual) {
    it(`leaves ${name} to the general parser`, () => assert.equal(readBlockYaml(text), undefined));
  }

  it("reads whatever it reads as the general parser does", () => {
    let state = 7;
    const pick = (below: number): number => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 0x1_0000_0000) * below);
    };
    let read = 0;
    for (let round = 0; round < 20_000; round++) {
      const lines = Array.from({ length: 1 + pick(6) }, () => {
        const odd = pick(12) === 0 ? ODD[pick(ODD.length)]! : "";
        const word = WORDS[pick(WORDS.length)]!.replace("a", () => "abcdefgh"[pick(8)]!);
        return " ".repeat(pick(4) === 0 ? pick(6) : 2 * pick(3)) + (pick(2) === 0 ? word + odd : odd + word);
      });
      const text = lines.join("\n");
      if (readBlockYaml(text) === undefined) continue;
      same(text);
      read++;
    }
    assert.ok(read > 1000, `only ${read} of 20000 texts were read`);
  });
});
