import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { lineAt, type SourceFile, sourceFile, sourceFiles } from "./source-file.ts";

/** Calls that tie code to the real machine, so that a test could not decide their outcome. What to take instead. */
const BANNED: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  { pattern: /\b(?:setTimeout|setInterval|setImmediate)\s*\(/g, instead: "TimerWheel (src/base/timer-wheel.ts)" },
  {
    pattern: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bprocess\.hrtime\b/g,
    instead: "Clock (src/base/clock.ts)",
  },
  { pattern: /\bMath\.random\b|\brandomUUID\b|\brandomBytes\b/g, instead: "RandomSource (src/base/random.ts)" },
  { pattern: /\bprocess\.env\b/g, instead: "an argument" },
  { pattern: /\bconsole\./g, instead: "Logger (src/base/log.ts)" },
];

/** Where they are allowed, and why. */
const ALLOWED: readonly { readonly path: string; readonly why: string }[] = [
  { path: "src/base/", why: "wraps the machine for everybody else" },
  { path: "src/proto/generate.ts", why: "a script of the build, not a part of the proxy" },
  { path: "src/admin/page/", why: "runs in a browser" },
  { path: "src/net/write-flusher.ts", why: "the end of a turn of the event loop is no time" },
  { path: "actors/main.ts", why: "the composition root meets the real machine" },
  { path: "actors/demo.ts", why: "a program for a person at a terminal" },
];

/** In tests only waiting for real time is banned: it is slow when it works and flaky when it doesn't. */
const SLEEPS =
  /(?<!\.)\b(?:setTimeout|setInterval)\((?![^()]*\)(?:: \w+)? \{)|\bAtomics\.wait\s*\(|\bscheduler\.wait\b/g;
const SLEEP_IMPORT = /\b(?:setTimeout|setInterval|scheduler)\b[^}]*\} from ["']node:timers(?:\/promises)?["']/g;
/** The harness bounds waits for real sockets and processes. */
const MAY_SLEEP = ["test/harness/"];

function findings(file: SourceFile): string[] {
  if (ALLOWED.some((row) => file.path.startsWith(row.path))) return [];
  return BANNED.flatMap(({ pattern, instead }) =>
    [...file.code.matchAll(pattern)].map(
      (match) => `${file.path}:${lineAt(file.text, match.index)}: ${match[0].trim()} - take ${instead}`,
    ),
  );
}

function sleeps(file: SourceFile): string[] {
  if (MAY_SLEEP.some((folder) => file.path.startsWith(folder))) return [];
  const calls = [...file.code.matchAll(SLEEPS)];
  const imports = [...file.text.matchAll(SLEEP_IMPORT)].filter((match) => file.code[match.index] !== " ");
  return [...calls, ...imports].map((match) => `${file.path}:${lineAt(file.text, match.index)}: ${match[0]}`);
}

describe("Real time, randomness, environment and console", () => {
  it("are used only where the allow-list says why", () => {
    assert.deepEqual(sourceFiles("src", "actors").flatMap(findings), []);
  });

  it("are needed by each row of the allow-list", () => {
    const files = sourceFiles("src", "actors");
    const unused = ALLOWED.filter(({ path }) => {
      const mine = files.filter((file) => file.path.startsWith(path));
      return mine.length > 0 && !mine.some((file) => BANNED.some(({ pattern }) => file.code.search(pattern) !== -1));
    });
    assert.deepEqual(unused, []);
  });

  it("are found in code and not in comments or strings", () => {
    const file = sourceFile(
      "src/x.ts",
      `// Date.now()\nconst a = "Math.random()";\nconst b = \`\${Date.now()} console.log\`;`,
    );
    assert.deepEqual(findings(file), ["src/x.ts:3: Date.now - take Clock (src/base/clock.ts)"]);
  });
});

describe("Tests", () => {
  it("wait for events, never for time to pass", () => {
    assert.deepEqual(sourceFiles("test").flatMap(sleeps), []);
  });

  it("are caught sleeping", () => {
    assert.equal(sleeps(sourceFile("test/unit/a.test.ts", "await new Promise((r) => setTimeout(r, 10));")).length, 1);
    assert.equal(
      sleeps(sourceFile("test/unit/a.test.ts", 'import { setTimeout } from "node:timers/promises";')).length,
      1,
    );
    assert.equal(sleeps(sourceFile("test/unit/a.test.ts", "// setTimeout(r, 10)")).length, 0);
    assert.equal(
      sleeps(sourceFile("test/unit/a.test.ts", "class S { setTimeout(): this { return this; } }")).length,
      0,
    );
  });
});
