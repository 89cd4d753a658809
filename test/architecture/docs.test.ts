import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { DIFFERENCES_PAGE, differencesPage } from "./envoy-differences.ts";
import { ROOT } from "./source-file.ts";

/** The front pages of the topics. They come together: once one is there, none may be missing. */
const REQUIRED = [
  "architecture.md",
  "life-of-a-request.md",
  "actors.md",
  "hot-reload.md",
  "config-support.md",
  "filters-in-typescript.md",
  "stats.md",
  "benchmarks.md",
];

const read = (file: string): string => readFileSync(path.join(ROOT, file), "utf8");
const exists = (file: string): boolean => existsSync(path.join(ROOT, file));
const pages = [...globSync("docs/**/*.md", { cwd: ROOT }), ...globSync("*.md", { cwd: ROOT })].sort();

/** Markdown without its code blocks. */
const prose = (markdown: string): string => markdown.replace(/^(```|~~~)[\s\S]*?^\1/gm, "");

/** GitHub's anchors of a page's headings. */
function anchors(markdown: string): Set<string> {
  const found = new Set<string>();
  for (const match of prose(markdown).matchAll(/^#+ (.+)$/gm)) {
    const slug = match[1]!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- _]/gu, "")
      .replaceAll(" ", "-");
    let name = slug;
    for (let i = 1; found.has(name); i++) name = `${slug}-${i}`;
    found.add(name);
  }
  return found;
}

/** Links of a page that lead nowhere in the repository. */
function brokenLinks(page: string, markdown: string): string[] {
  const targets = [...prose(markdown).matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g)].map((match) => match[1]!);
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false;
    const [file, anchor] = target.split("#") as [string, string?];
    const full = file === "" ? page : path.posix.join(path.posix.dirname(page), file);
    if (full !== page && !exists(full)) return true;
    return anchor !== undefined && full.endsWith(".md") && !anchors(full === page ? markdown : read(full)).has(anchor);
  });
}

/** Files in back-ticks that are not there. Patterns and placeholders don't count. */
function missingFiles(markdown: string): string[] {
  const named = [...prose(markdown).matchAll(/`((?:src|actors|test|bench|docs)\/[\w./-]+\.(?:ts|md|yaml|json))`/g)];
  return named.map((match) => match[1]!).filter((file) => !file.startsWith("src/proto/gen/") && !exists(file));
}

/** What is wrong with the numbered steps: each names one file, which exists. */
function stepProblems(markdown: string): string[] {
  const steps = prose(markdown)
    .split(/^(?=\d+\. )/m)
    .filter((part) => /^\d+\. /.test(part));
  if (steps.length === 0) return ["there are no numbered steps"];
  return steps.flatMap((step, index) => {
    const problems = step.startsWith(`${index + 1}. `) ? [] : [`step ${index + 1} has another number`];
    const own = step.split(/\n\n(?=\S)/)[0]!;
    const files = new Set([...own.matchAll(/(?:src|actors)\/[\w./-]+\.ts/g)].map((match) => match[0]));
    if (files.size !== 1) problems.push(`step ${index + 1} names ${files.size} files: ${[...files].join(", ")}`);
    for (const file of files) if (!exists(file)) problems.push(`step ${index + 1} names ${file}, which is not there`);
    return problems;
  });
}

describe("The documentation", () => {
  it("has a front page for each topic", () => {
    if (!exists("docs/architecture.md")) return;
    assert.deepEqual(
      REQUIRED.filter((file) => !exists(`docs/${file}`)),
      [],
    );
  });

  for (const page of pages) {
    it(`has only links and file names that lead somewhere in ${page}`, () => {
      const markdown = read(page);
      assert.deepEqual([...brokenLinks(page, markdown), ...missingFiles(markdown)], []);
    });
  }

  if (exists("docs/life-of-a-request.md")) {
    it("follows a request in numbered steps that name one file each", () => {
      assert.deepEqual(stepProblems(read("docs/life-of-a-request.md")), []);
    });
  }

  if (exists(DIFFERENCES_PAGE)) {
    it("lists what differs from Envoy as the sources say it", () => {
      assert.equal(read(DIFFERENCES_PAGE), differencesPage());
    });
  }

  it("asks readers of the README for no command that a clone has not", () => {
    assert.doesNotMatch(read("README.md"), /^\$ (?:npx )?troupe\b/m);
  });
});

describe("The documentation rules", () => {
  it("find broken links, anchors and file names", () => {
    const page =
      "# One `two`\n[a](#one-two) [b](#no) [c](no.md) [d](https://x.y/) [e](../package.json) `src/no.ts`\n```\n[f](no)\n```\n";
    assert.deepEqual(brokenLinks("docs/x.md", page), ["#no", "no.md"]);
    assert.deepEqual(missingFiles(page), ["src/no.ts"]);
  });

  it("find steps that are misnumbered, name no file, or one that is not there", () => {
    assert.deepEqual(stepProblems("1. In `src/base/clock.ts`.\n2. Ends in `src/base/log.ts`.\n"), []);
    assert.deepEqual(stepProblems("1. Nothing.\n3. In `src/no.ts`.\n"), [
      "step 1 names 0 files: ",
      "step 2 has another number",
      "step 2 names src/no.ts, which is not there",
    ]);
    assert.deepEqual(stepProblems("No steps."), ["there are no numbered steps"]);
  });
});
