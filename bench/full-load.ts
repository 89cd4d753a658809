import path from "node:path";
import { runOnLoadCore } from "./run-command.ts";

/** What a load looks like to a proxy. */
export interface LoadShape {
  readonly connections: number;
  /** Path of the requests. */
  readonly target: string;
  /** Words for `wrk.lua`. */
  readonly script: readonly string[];
}

/** What wrk saw. */
export interface FullLoadResult {
  readonly requests: number;
  readonly durationUs: number;
  readonly badStatus: number;
  readonly socketErrors: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** Sends as much as one wrk thread can, for a time. */
export async function runFullLoad(
  port: number,
  shape: LoadShape,
  seconds: number,
  scheme = "http",
): Promise<FullLoadResult> {
  const script = path.join(import.meta.dirname, "wrk.lua");
  const url = `${scheme}://127.0.0.1:${port}${shape.target}`;
  const args = ["-t1", `-c${shape.connections}`, `-d${seconds}s`, "--timeout", "10s", "-s", script, url];
  const output = await runOnLoadCore(["wrk", ...args, "--", ...shape.script], (seconds + 30) * 1000);
  const line = output.trimEnd().split("\n").at(-1) ?? "";
  return JSON.parse(line) as FullLoadResult;
}
