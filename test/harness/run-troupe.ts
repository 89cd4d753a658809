import { spawn } from "node:child_process";
import path from "node:path";
import { text } from "node:stream/consumers";
import { PATIENCE_MS } from "./until.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
/** `TROUPE_MAIN=dist/actors/main.js` runs the tests on what was built. */
export const TROUPE_MAIN = path.resolve(ROOT, process.env.TROUPE_MAIN ?? "actors/main.ts");

/** How a run of the command line ended. */
export interface TroupeRun {
  /** Null if it had to be killed. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `troupe` with these arguments until it ends, at most `deadlineMs` (default 60 s). */
export async function runTroupe(
  args: readonly string[],
  options: { readonly deadlineMs?: number; readonly cwd?: string } = {},
): Promise<TroupeRun> {
  const child = spawn(process.execPath, [TROUPE_MAIN, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: options.deadlineMs ?? 2 * PATIENCE_MS,
    killSignal: "SIGKILL",
    ...(options.cwd !== undefined && { cwd: options.cwd }),
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", (code) => resolve(code)));
  const [stdout, stderr, exitCode] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { exitCode, stdout, stderr };
}
