/** `npm run bench -- <suite>`: measures Troupe beside other proxies. The method is told in `docs/benchmarks.md`. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import path from "node:path";
import { SUITES } from "./all-cases.ts";
import type { BenchCase } from "./bench-case.ts";
import { type BenchOptions, parseBenchOptions, USAGE } from "./bench-options.ts";
import { describeCommit, describeMachine, saveResult } from "./bench-result.ts";
import { updateBenchmarksPage } from "./benchmarks-page.ts";
import { failuresFromCommandLine } from "./load/failures.ts";
import { ALL_PEERS } from "./peers/all-peers.ts";
import { LOAD_CORE } from "./pinned-process.ts";
import { resultTable, tableText } from "./result-table.ts";

try {
  await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  const [first, ...rest] = process.argv.slice(2);
  if (first === "failures") return failuresFromCommandLine(rest);
  const { suite, options } = parseBenchOptions(process.argv.slice(2));
  const suiteCases = SUITES.get(suite);
  if (suiteCases === undefined) throw new Error(`${USAGE}\nno suite "${suite}"; there are: ${[...SUITES.keys()]}`);
  const cases = chosen("case", suiteCases, options.cases);
  chosen("peer", ALL_PEERS, options.peers ?? []);
  checkMachine();
  for (const benchCase of cases) await runCase(suite, benchCase, options);
}

async function runCase(suite: string, benchCase: BenchCase, options: BenchOptions): Promise<void> {
  const wanted = options.peers ?? benchCase.peers;
  const peers = ALL_PEERS.filter((peer) => wanted.includes(peer.name) && benchCase.peers.includes(peer.name));
  if (peers.length === 0) return;
  process.stdout.write(`\n${benchCase.name}: ${benchCase.description}\n`);
  const folder = mkdtempSync(path.join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "troupe-bench-"));
  try {
    const progress = (line: string) => void process.stdout.write(`  ${line}\n`);
    const rounds = await benchCase.run({ options, peers, folder, progress });
    process.stdout.write(`\n${tableText(resultTable(benchCase.columns, rounds, benchCase.base))}\n`);
    if (!options.save) return;
    const settings = { rounds: options.rounds, seconds: options.seconds };
    const [date, commit, machine] = [new Date().toISOString(), describeCommit(), describeMachine()];
    saveResult({ suite, case: benchCase.name, date, commit, settings, machine, rounds });
    updateBenchmarksPage();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function chosen<T extends { readonly name: string }>(
  what: string,
  all: readonly T[],
  names: readonly string[],
): readonly T[] {
  const unknown = names.filter((name) => !all.some((one) => one.name === name));
  if (unknown.length > 0)
    throw new Error(`no ${what} "${unknown}"; there are: ${all.map((one) => one.name).join(", ")}`);
  return names.length === 0 ? all : all.filter((one) => names.includes(one.name));
}

/** Installs the peers when some are missing, and moves this process off the proxy's core. */
function checkMachine(): void {
  if (process.platform !== "linux") throw new Error("the benchmarks read /proc and pin processes: they need Linux");
  if (availableParallelism() < 2) throw new Error("the benchmarks need two cores: one is the proxy's alone");
  const npmPeers = existsSync(path.join(import.meta.dirname, "peers/node_modules"));
  const programs = ["nginx", "haproxy", "nghttpx", "wrk", "h2load", "taskset"].filter((program) => !onPath(program));
  if (!npmPeers || programs.length > 0) {
    process.stdout.write(`missing: ${[...programs, ...(npmPeers ? [] : ["npm peers"])].join(", ")}; installing\n`);
    execFileSync(path.join(import.meta.dirname, "install-peers.sh"), { stdio: "inherit" });
  }
  execFileSync("taskset", ["-a", "-c", "-p", String(LOAD_CORE), String(process.pid)], { stdio: "ignore" });
}

function onPath(program: string): boolean {
  return (process.env.PATH ?? "")
    .split(":")
    .concat("/usr/sbin")
    .some((folder) => existsSync(path.join(folder, program)));
}
