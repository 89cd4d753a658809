import { readFileSync, rmSync } from "node:fs";
import path from "node:path";
import { runOnLoadCore } from "./run-command.ts";

/** A load that keeps its rate however slowly answers come. */
export interface FixedRateLoad {
  readonly port: number;
  readonly target: string;
  readonly connections: number;
  /** Over all connections. */
  readonly requestsPerSecond: number;
  readonly seconds: number;
  /** A file that is sent as the body of each request. */
  readonly bodyFile?: string;
  readonly folder: string;
}

/** What h2load saw. Latency is from sending a request to the end of its response; the first 0.5 s are left out. */
export interface FixedRateResult {
  readonly requests: number;
  readonly badStatus: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

const SETTLE_US = 500_000;

/** Sends HTTP/1.1 requests at a steady rate, evenly over the connections and over time. */
export async function runFixedRateLoad(load: FixedRateLoad): Promise<FixedRateResult> {
  const log = path.join(load.folder, "h2load.log");
  rmSync(log, { force: true });
  const perClient = load.requestsPerSecond / load.connections;
  const total = load.requestsPerSecond * load.seconds;
  // Clients that start together send together for ever: each starts a little later than the one before.
  const stagger = ["-r1", `--rate-period=${load.connections > 64 ? 1 : 5}ms`];
  const command = ["h2load", "--h1", "-t1", `-c${load.connections}`, `-n${total}`, ...stagger, `--rps=${perClient}`];
  if (load.bodyFile !== undefined) command.push("-d", load.bodyFile);
  command.push(`--log-file=${log}`, `http://127.0.0.1:${load.port}${load.target}`);
  await runOnLoadCore(command, (load.seconds + 30) * 1000);
  const rows = readFileSync(log, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => line.split("\t").map(Number));
  const startUs = rows.reduce((least, row) => Math.min(least, row[0] ?? Infinity), Infinity);
  const settled = rows.filter((row) => (row[0] ?? 0) >= startUs + SETTLE_US);
  const latencies = settled.map((row) => row[2] ?? 0).sort((a, b) => a - b);
  const quantile = (part: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? 0;
  const badStatus = rows.filter((row) => row[1] !== 200).length;
  return { requests: rows.length, badStatus, p50Us: quantile(0.5), p99Us: quantile(0.99) };
}
