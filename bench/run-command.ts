import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { LOAD_CORE } from "./pinned-process.ts";

const execFileAsync = promisify(execFile);

/** Runs a command on the load core and gives its stdout. Rejects with what it said when it fails. */
export async function runOnLoadCore(command: readonly string[], timeoutMs: number): Promise<string> {
  const limits = { timeout: timeoutMs, maxBuffer: 16 * 1024 * 1024 };
  try {
    const { stdout } = await execFileAsync("taskset", ["-c", String(LOAD_CORE), ...command], limits);
    return stdout;
  } catch (error) {
    const { code, signal, stderr = "", stdout = "" } = error as ExecError;
    const said = `${stderr}\n${stdout}`.trim().split("\n").slice(-5).join("\n");
    throw new Error(`${command[0]} ended with ${signal ?? code}: ${command.join(" ")}\n${said}`);
  }
}

interface ExecError {
  readonly code?: number | string;
  readonly signal?: string | null;
  readonly stdout?: string;
  readonly stderr?: string;
}
