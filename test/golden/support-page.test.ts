/** Holds docs/config-support.md to the support tables. `node test/golden/support-page.test.ts --update` writes the page. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { supportPage } from "../../src/config/support-page.ts";
import { loadCompilerTable } from "../../src/extensions/compiler-table.ts";

const PAGE = join(import.meta.dirname, "../../docs/config-support.md");

describe("docs/config-support.md", () => {
  it("says what the support tables say", async () => {
    const page = supportPage(await loadCompilerTable());
    if (process.argv.includes("--update")) writeFileSync(PAGE, page);
    const written = existsSync(PAGE) ? readFileSync(PAGE, "utf8") : "";
    assert.equal(written, page, "the page is not current: npm run docs");
  });
});
