import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { ROOT } from "./source-file.ts";

/** By itself or by a function for all rows of a table. */
const MAKES_TESTS = /\bit\(|^check\w*\(/m;

interface PageRow {
  readonly item: string;
  readonly shown: string;
  /** The cell that names the tests. */
  readonly tests: string;
}

/** The rows of all tables `| item | what is shown | test |`. */
function rowsOf(markdown: string): PageRow[] {
  const rows: PageRow[] = [];
  let inTable = false;
  for (const line of markdown.split("\n")) {
    if (line === "| item | what is shown | test |") inTable = true;
    else if (!line.startsWith("|")) inTable = false;
    else if (inTable && !line.startsWith("|---")) {
      // Bars inside of back-ticks are no borders of cells.
      const cells = line.match(/(?:`[^`]*`|[^|`])+/g) ?? [];
      rows.push({ item: cells[0] ?? "", shown: cells[1] ?? "", tests: cells.slice(2).join("|") });
    }
  }
  return rows;
}

/** What is wrong with the tests that a row names: `file`, or `file` ("title"). */
function problems({ item, shown, tests }: PageRow): string[] {
  const found: string[] = [];
  const names = [...tests.matchAll(/`(test\/[^`]+\.test\.ts)`(?: \("([^"]+)"\))?/g)];
  if (item.trim() === "" || shown.trim() === "") found.push(`${item}: says nothing`);
  if (names.length === 0) found.push(`${item}: names no test`);
  for (const [, file = "", title] of names) {
    const at = path.join(ROOT, file);
    if (!existsSync(at)) found.push(`${item}: there is no ${file}`);
    else if (!MAKES_TESTS.test(readFileSync(at, "utf8"))) found.push(`${item}: ${file} has no test`);
    else if (title !== undefined && !readFileSync(at, "utf8").includes(`it("${title}"`))
      found.push(`${item}: ${file} has no test "${title}"`);
  }
  return found;
}

describe("docs/upstream.md", () => {
  const rows = rowsOf(readFileSync(path.join(ROOT, "docs/upstream.md"), "utf8"));

  it("names a test for every item, and each test is there", () => {
    assert.ok(rows.length > 80, `${rows.length} rows`);
    assert.deepEqual(rows.flatMap(problems), []);
  });

  it("has no row without a test, no file that is not there and no title that is not there", () => {
    const header = "| item | what is shown | test |\n|---|---|---|\n";
    const one = (line: string): string[] => rowsOf(`${header}${line}\n`).flatMap(problems);
    const file = "test/architecture/upstream-page.test.ts";
    assert.deepEqual(one(`| a \`|\` b | c | \`${file}\` |`), []);
    assert.deepEqual(one("| a | b |  |"), [" a : names no test"]);
    assert.deepEqual(one("| a | b | `test/none.test.ts` |"), [" a : there is no test/none.test.ts"]);
    assert.deepEqual(one("| a | b | `test/architecture/import-graph.test.ts` |").length, 1);
    assert.deepEqual(one(`| a | b | \`${file}\` ("missing") |`), [` a : ${file} has no test "missing"`]);
    assert.deepEqual(one(`|  | b | \`${file}\` |`), ["  : says nothing"]);
  });
});
