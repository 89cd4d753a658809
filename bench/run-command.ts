import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { LOAD_CORE } from "./pinned-process.ts";

const execFileAsync = promisify(execFile);

/** Runs a command on the load core and gives its stdout. Rejects with what it said when it fails. */
export async function runOnLoadCore(command: readonly string[], timeoutMs: number): Promise<string> {
  const limits = { timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024 };
  const { stdout } = await execFileAsync("taskset", ["-c", String(LOAD_CORE), ...command], limits);
  return stdout;
}
