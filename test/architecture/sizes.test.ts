import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { describe, it } from "node:test";
import { ROOT, sourceFiles } from "./source-file.ts";

const MAX_LINES = 500;
const MAX_FUNCTION_LINES = 50;
/** Names that say nothing about what is inside. */
const FORBIDDEN_NAMES = /(?:^|\/)(?:index|utils?|types?|common|helpers?|misc|shared)\.ts$/;
const KEBAB_CASE = /^[a-z0-9]+(?:[-.][a-z0-9]+)*\.ts$/;

describe("Source files", () => {
  const files = sourceFiles("src", "actors", "test", "bench");

  it(`have at most ${MAX_LINES} lines`, () => {
    const long = files.flatMap((file) => {
      const lines = file.text.split("\n").length - 1;
      return lines > MAX_LINES ? [`${file.path}: ${lines} lines`] : [];
    });
    assert.deepEqual(long, []);
  });

  it(`have functions of at most ${MAX_FUNCTION_LINES} lines, which the linter checks`, () => {
    const settings = JSON.parse(readFileSync(path.join(ROOT, "biome.json"), "utf8"));
    assert.deepEqual(settings.linter.rules.complexity.noExcessiveLinesPerFunction, {
      level: "error",
      options: { maxLines: MAX_FUNCTION_LINES, skipBlankLines: false },
    });
  });

  it("are named in kebab-case after what they hold", () => {
    const bad = files
      .map((file) => file.path)
      .filter((name) => FORBIDDEN_NAMES.test(name) || !KEBAB_CASE.test(path.posix.basename(name)));
    assert.deepEqual(bad, []);
  });

  it("re-export nothing", () => {
    const bad = files.filter((file) =>
      /^export\s*(?:type\s*)?(?:\*|\{[^}]*\})\s*(?:as\s+\w+\s*)?from\b/m.test(file.code),
    );
    assert.deepEqual(
      bad.map((file) => file.path),
      [],
    );
  });

  it("switch off no check of the compiler or the linter", () => {
    const banned = /@ts-ignore|@ts-nocheck|@ts-expect-error|biome-ignore/;
    const bad = files
      .filter((file) => file.path !== "test/architecture/sizes.test.ts")
      .flatMap((file) =>
        file.text
          .split("\n")
          .flatMap((line, i) => (banned.test(line) ? [`${file.path}:${i + 1}: ${line.trim()}`] : [])),
      );
    assert.deepEqual(bad, []);
  });

  it("leave no work for later", () => {
    const bad = files
      .filter((file) => file.path !== "test/architecture/sizes.test.ts")
      .filter((file) => /\b(?:TODO|FIXME|XXX|HACK)\b/.test(file.text));
    assert.deepEqual(
      bad.map((file) => file.path),
      [],
    );
  });
});
