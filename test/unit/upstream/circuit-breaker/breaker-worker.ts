import { parentPort, workerData } from "node:worker_threads";
import { BreakerMemory } from "../../../../src/upstream/circuit-breaker/breaker-memory.ts";
import type { BreakerChunk } from "../../../../src/upstream/circuit-breaker/circuit-breaker-cells.ts";
import { DEFAULT_THRESHOLDS } from "../cluster-fixture.ts";

/** What a test tells a breaker worker to do. */
export interface BreakerWorkerOrder {
  readonly chunks: readonly BreakerChunk[];
  readonly slot: number;
  readonly maxRequests: number;
  /** How often to try; each success is held. */
  readonly tries: number;
  /** Give back after each success instead, and report the highest count seen. */
  readonly giveBack: boolean;
}

/** What it answers. */
export interface BreakerWorkerReport {
  readonly acquired: number;
  readonly highestCount: number;
}

const order = workerData as BreakerWorkerOrder;
const memory = new BreakerMemory();
memory.attach(order.chunks);
const { requests } = memory.breakers(order.slot, "default", { ...DEFAULT_THRESHOLDS, maxRequests: order.maxRequests });

parentPort!.on("message", () => {
  let acquired = 0;
  let highestCount = 0;
  for (let at = 0; at < order.tries; at++) {
    if (!requests.tryAcquire()) continue;
    acquired++;
    highestCount = Math.max(highestCount, requests.count);
    if (order.giveBack) requests.release();
  }
  const report: BreakerWorkerReport = { acquired, highestCount };
  parentPort!.postMessage(report);
});
parentPort!.postMessage("ready");
