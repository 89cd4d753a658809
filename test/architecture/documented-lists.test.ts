import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { before, describe, it } from "node:test";
import { FLAGS } from "../../actors/command-line-options.ts";
import { COMPILER_TABLE } from "../../actors/early-threads.ts";
import { helpText } from "../../actors/help-text.ts";
import { adminHandlers } from "../../src/admin/admin-handlers.ts";
import { CompilerPool } from "../../src/config/compiler/compiler-pool.ts";
import { problemsText } from "../../src/config/config-problem.ts";
import { operatorTable } from "../../src/http/format/operators/operator-table.ts";
import { COMMANDS } from "../../src/terminal/command-table.ts";
import { SampleProxy } from "../harness/sample-admin-views.ts";
import { ROOT } from "./source-file.ts";

const read = (file: string): string => readFileSync(path.join(ROOT, file), "utf8");

/** The names in back-ticks that stand in a text's tables and prose; `a`, `b` in one cell count both. */
function quoted(markdown: string): Set<string> {
  return new Set([...markdown.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!));
}

/** Flags of other programs: npm, curl, Python. */
const OTHERS = new Set(["silent", "data-binary", "bind"]);

/** Types of the messages that a protocol declares, replies and events included. */
function messageTypes(protocol: string): string[] {
  return [...new Set([...protocol.matchAll(/readonly type: "(\w+)"/g)].map((match) => match[1]!))];
}

/** The code blocks of a page in one language. */
function blocks(markdown: string, language: string): string[] {
  return [...markdown.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map((match) => match[1]!);
}

describe("docs/actors.md", () => {
  for (const file of globSync("actors/*/protocol.ts", { cwd: ROOT }).sort()) {
    it(`names every message of ${file}`, () => {
      const names = quoted(read("docs/actors.md"));
      const types = messageTypes(read(file));
      assert.ok(types.length > 0);
      assert.deepEqual(
        types.filter((type) => !names.has(type)),
        [],
      );
    });
  }

  it("names no message that there isn't", () => {
    const types = new Set(globSync("actors/*/protocol.ts", { cwd: ROOT }).flatMap((file) => messageTypes(read(file))));
    const sections = read("docs/actors.md").split("## Messages")[1]?.split("## Three stories")[0] ?? "";
    const firstCells = [...sections.matchAll(/^\| (`[^|]+) \|/gm)].flatMap((match) => [...quoted(match[1]!)]);
    assert.ok(firstCells.length > 20);
    assert.deepEqual(
      firstCells.filter((name) => !types.has(name)),
      [],
    );
  });
});

describe("docs/access-log.md", () => {
  const section = (): string => read("docs/access-log.md").split("## Operators")[1]?.split("## Filters")[0] ?? "";

  it("names every operator", () => {
    const names = quoted(section());
    assert.deepEqual(
      [...operatorTable.keys()].filter((name) => !names.has(name)),
      [],
    );
  });

  it("names no operator that there isn't", () => {
    const table = section().slice(section().indexOf("| about |"));
    // Time points have names of the same form.
    const named = [...quoted(table)].filter((name) => /^[A-Z][A-Z0-9_]+$/.test(name) && !/^(?:DS|US)_/.test(name));
    assert.ok(named.length > 100);
    assert.deepEqual(
      named.filter((name) => !operatorTable.has(name)),
      [],
    );
  });
});

describe("docs/admin.md", () => {
  const handlers = adminHandlers(new SampleProxy().views, { debugEndpoints: true, heapSnapshots: true });

  it("names every page and command", () => {
    const names = quoted(read("docs/admin.md"));
    const missing = handlers.map(({ path: page }) => page.replace("*", "<id>")).filter((page) => !names.has(page));
    assert.deepEqual(missing, []);
  });

  it("has what changes something, and nothing else, among the commands", () => {
    const commands = quoted(read("docs/admin.md").split("## Commands")[1]?.split("## When")[0] ?? "");
    const listed = handlers.filter(({ path: page }) => commands.has(page.replace("*", "<id>")));
    assert.deepEqual(
      listed.map(({ path: page }) => page),
      handlers
        .filter(({ access, path: page }) => access === "change" || page === "/ready")
        .map(({ path: page }) => page),
    );
  });
});

describe("docs/command-line.md", () => {
  it("has the text of --help as it is", () => {
    assert.deepEqual(blocks(read("docs/command-line.md"), "text"), [helpText()]);
  });
});

describe("The documentation", () => {
  it("mentions no flag that there isn't", () => {
    const ofCommands = ["admin", "admin-token-path", ...COMMANDS.flatMap(({ flags }) => flags.map(({ name }) => name))];
    const own = new Set([...FLAGS.map(({ name }) => name), ...ofCommands, "json", "proxy-port", "admin-port"]);
    const pages = [
      "README.md",
      "CHANGELOG.md",
      ...globSync("docs/{README,admin,command-line,hot-reload,actors,architecture}.md", { cwd: ROOT }),
    ];
    const unknown = pages.flatMap((page) =>
      [...read(page).matchAll(/(?<![\w-])--([a-z][a-z-]+)/g)]
        .map((match) => match[1]!)
        .filter((flag) => !own.has(flag) && !OTHERS.has(flag))
        .map((flag) => `${page}: --${flag}`),
    );
    assert.deepEqual(unknown, []);
  });

  it("lists every page in docs/README.md", () => {
    const front = read("docs/README.md");
    const missing = globSync("docs/*.md", { cwd: ROOT })
      .map((file) => path.basename(file))
      .filter((file) => file !== "README.md" && !front.includes(`](${file})`));
    assert.deepEqual(missing, []);
  });
});

describe("The examples", () => {
  let pool: CompilerPool;
  before(() => {
    pool = new CompilerPool(COMPILER_TABLE);
    return () => pool.close();
  });

  for (const file of globSync("docs/examples/**/*.yaml", { cwd: ROOT }).sort()) {
    it(`has no mistake in ${file}`, async () => {
      const { ok, problems } = await pool.compile({ path: path.join(ROOT, file) });
      assert.equal(problemsText(problems), "");
      assert.equal(ok, true);
    });
  }

  it("have the configuration of README.md among them", () => {
    assert.deepEqual(blocks(read("README.md"), "yaml"), [read("docs/examples/first-proxy.yaml")]);
  });

  it("have the two commands of README.md on lines of their own", () => {
    const commands = blocks(read("README.md"), "sh");
    assert.ok(commands.includes("npm ci && npm start\n"));
    assert.ok(commands.includes("npm ci && npm test\n"));
  });
});
