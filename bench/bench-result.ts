import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import type { BenchRound } from "./bench-case.ts";

/** Where and with what a case was run. */
export interface BenchMachine {
  readonly node: string;
  readonly cpu: string;
  readonly cores: number;
  readonly kernel: string;
  /** First line of each program's version, by program. */
  readonly programs: Readonly<Record<string, string>>;
}

/** One run of one case, as it is kept. */
export interface BenchResult {
  readonly suite: string;
  readonly case: string;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly commit: string;
  readonly settings: { readonly rounds: number; readonly seconds: number };
  readonly machine: BenchMachine;
  readonly rounds: readonly BenchRound[];
}

const RESULTS = path.join(import.meta.dirname, "results");

/** Reads what the machine and its programs are. */
export function describeMachine(): BenchMachine {
  return {
    node: process.version,
    cpu: os.cpus()[0]?.model.trim() ?? "unknown",
    cores: os.cpus().length,
    kernel: `${os.type()} ${os.release()}`,
    programs: {
      nginx: firstLine("nginx", ["-v"]),
      haproxy: firstLine("haproxy", ["-v"]),
      wrk: firstLine("wrk", ["-v"]),
      h2load: firstLine("h2load", ["--version"]),
    },
  };
}

/** The commit that was checked out, with `+` when files differ from it. */
export function describeCommit(): string {
  const git = (args: string[]) => execFileSync("git", args, { cwd: RESULTS, encoding: "utf8" }).trim();
  try {
    return git(["rev-parse", "--short", "HEAD"]) + (git(["status", "--porcelain", "-uno"]) === "" ? "" : "+");
  } catch {
    return "unknown";
  }
}

/** Writes a result to `bench/results/<date>-<case>.json`; a later one of the same day takes its place. */
export function saveResult(result: BenchResult): string {
  mkdirSync(RESULTS, { recursive: true });
  const file = path.join(RESULTS, `${result.date.slice(0, 10)}-${result.case}.json`);
  writeFileSync(file, `${JSON.stringify(result, undefined, 2)}\n`);
  return file;
}

/** The newest kept result of a case. */
export function latestResult(caseName: string): BenchResult | undefined {
  const pattern = new RegExp(`^\\d{4}-\\d{2}-\\d{2}-${caseName}\\.json$`);
  const newest = readdirSync(RESULTS)
    .filter((name) => pattern.test(name))
    .sort()
    .at(-1);
  if (newest === undefined) return undefined;
  return JSON.parse(readFileSync(path.join(RESULTS, newest), "utf8")) as BenchResult;
}

function firstLine(command: string, args: readonly string[]): string {
  try {
    // Some write their version to stderr, and wrk exits with 1 after it.
    const text = execFileSync("sh", ["-c", `${command} ${args.join(" ")} 2>&1 || true`], { encoding: "utf8" });
    return text.split("\n")[0]?.trim() ?? "";
  } catch {
    return "";
  }
}
