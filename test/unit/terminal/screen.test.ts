import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Terminal } from "../../../src/terminal/command.ts";
import { cutTo, Screen } from "../../../src/terminal/screen.ts";

const RED = "\u001b[31m";
const END = "\u001b[0m";

describe("cutTo", () => {
  for (const [name, line, columns, expected] of [
    ["leaves what fits", "abc", 3, "abc"],
    ["cuts what does not", "abcd", 3, "abc"],
    ["counts no colours", `${RED}abc${END}`, 3, `${RED}abc${END}`],
    ["ends colours where it cuts", `a${RED}bcd${END}`, 2, `a${RED}b${END}`],
  ] as const) {
    it(name, () => assert.equal(cutTo(line, columns), expected));
  }
});

describe("Screen", () => {
  function recorded(): { readonly screen: Screen; readonly written: string[] } {
    const written: string[] = [];
    const terminal: Terminal = {
      write: (text) => void written.push(text),
      isTerminal: true,
      hasColours: false,
      size: () => ({ columns: 4, rows: 2 }),
      onKey: () => {},
      onResize: () => {},
    };
    return { screen: new Screen(terminal), written };
  }

  it("takes the other buffer, draws as much as there is room for, and gives all back once", () => {
    const { screen, written } = recorded();
    screen.enter();
    screen.draw(["abcdef", "b", "c"]);
    screen.leave();
    screen.leave();
    assert.deepEqual(written, [
      "\u001b[?1049h\u001b[?25l\u001b[2J",
      "\u001b[Habcd\u001b[K\r\nb\u001b[K\u001b[J",
      "\u001b[?25h\u001b[?1049l",
    ]);
  });

  it("gives nothing back that it did not take", () => {
    const { screen, written } = recorded();
    screen.leave();
    assert.deepEqual(written, []);
  });
});
