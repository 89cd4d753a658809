/**
 * What `npm test` runs: every test of the repository in one run of node's test runner, so that its closing totals are
 * the totals. `npm test -- unit golden` runs these groups only; arguments that begin with `-` go to node's runner
 * (`npm test -- unit --test-name-pattern=TimerWheel`). Exits non-zero when a test fails or when there is none to run.
 */
import { spawn } from "node:child_process";
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";

/** Folders of `test/`, cheap and telling ones first: the runner starts files in this order. */
const GROUPS = ["architecture", "unit", "golden", "conformance", "fuzz", "integration"];

/** For the whole run; with fuzzers of 60 s each it takes about twelve minutes on two cores. */
const LIMIT_MS = 25 * 60_000;

const ROOT = path.resolve(import.meta.dirname, "../..");
const args = process.argv.slice(2);
const flags = args.filter((arg) => arg.startsWith("-"));
const wanted = args.filter((arg) => !arg.startsWith("-"));
const unknown = wanted.filter((group) => !GROUPS.includes(group));
if (unknown.length > 0) {
  process.stderr.write(`no such group of tests: ${unknown.join(", ")}; there are: ${GROUPS.join(", ")}\n`);
  process.exit(2);
}

const groups = wanted.length > 0 ? GROUPS.filter((group) => wanted.includes(group)) : GROUPS;
const files = groups.flatMap((group) => globSync(`test/${group}/**/*.test.ts`, { cwd: ROOT }).sort());
if (files.length === 0) {
  process.stderr.write(`no test files in: ${groups.join(", ")}\n`);
  process.exit(1);
}

const settings = [
  "--test",
  "--test-reporter=spec",
  // Files of processes and sockets slow each other down; more of them than cores at once makes deadlines lie.
  `--test-concurrency=${Math.min(availableParallelism(), 4)}`,
  // Ends a test that hangs, well beyond what the longest of them takes.
  "--test-timeout=180000",
];
const runner = spawn(process.execPath, [...settings, ...flags, ...files], { cwd: ROOT, stdio: "inherit" });
// A file whose process does not end is beyond the runner's own timeout. On SIGINT it tells what was under way.
setTimeout(() => {
  process.stderr.write(`the tests take longer than ${LIMIT_MS / 60_000} minutes\n`);
  runner.kill("SIGINT");
  setTimeout(() => process.exit(1), 10_000).unref();
}, LIMIT_MS).unref();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => runner.kill(signal));
runner.on("exit", (code) => process.exit(code ?? 1));
