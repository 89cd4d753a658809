import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

/** How a run of the command line ended. */
export interface TroupeRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const ROOT = path.resolve(import.meta.dirname, "../..");
const DEADLINE_MS = 20_000;

/** Runs `node actors/main.ts` with these arguments until it ends by itself; it is killed after 20 s. */
export async function runTroupe(...args: readonly string[]): Promise<TroupeRun> {
  const main = path.resolve(ROOT, process.env.TROUPE_MAIN ?? "actors/main.ts");
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"], timeout: DEADLINE_MS });
  const read = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].on("data", (chunk: Buffer) => {
      read[name] += chunk;
    });
  }
  await once(child, "close");
  return { exitCode: child.exitCode, ...read };
}
