import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { asShown, shapeProblem, walkSteps } from "../../harness/doc-walk.ts";

describe("A walk through a page", () => {
  it("has the commands of console blocks, each with its output and where that stands", () => {
    const page = "a\n```console\n$ one\nx\ny\n$ two\n```\n```\n$ no\n```\n";
    assert.deepEqual(walkSteps(page), [
      { command: "one", output: ["x", "y"], line: 3 },
      { command: "two", output: [], line: 6 },
    ]);
  });

  it("takes outputs for alike that differ in numbers, times, sizes, widths and how many lines of a kind there are", () => {
    const shown = ["ID  AGE    OUT   AT", "1   1.1 s  2.0k  2026-11-21T12:14:42.836Z"];
    const printed = ["ID   AGE     OUT  AT", "10   132 ms  -    2027-01-01T00:00:00.000Z", "11   1 s  5  -", ""];
    assert.equal(shapeProblem(shown, printed.slice(0, 2)), "");
    assert.match(shapeProblem(shown, printed), /^shown and not printed:\n\nprinted and not shown:\n# # # #\n/);
  });

  it("finds a column that is not there any more, and a line that is new", () => {
    assert.match(shapeProblem(["ID  AGE"], ["ID"]), /^shown and not printed:\nID AGE\nprinted and not shown:\nID\n/);
    assert.match(shapeProblem(["a"], ["a", "b"]), /printed and not shown:\nb\n/);
  });

  it("lets an output that is cut go on", () => {
    assert.equal(shapeProblem(["a", "..."], ["a", "b"]), "");
    assert.match(shapeProblem(["a", "..."], ["b"]), /^shown and not printed:\na\n/);
    assert.deepEqual(asShown(["x", "  ..."], ["1", "2", "3", ""]), ["1", "  ..."]);
    assert.deepEqual(asShown(["x"], ["1", "2", ""]), ["1", "2"]);
  });
});
