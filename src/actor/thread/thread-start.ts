import { parentPort, workerData } from "node:worker_threads";
import type { BridgePorts } from "./thread-bridge.ts";

/** What a new thread gets by `threadStart`. */
export interface ThreadStart {
  /** Name of this thread. */
  readonly thread: string;
  /** Name of the thread that started it. */
  readonly parent: string;
  readonly ports: BridgePorts;
  /** Whatever the entry script expects. */
  readonly data: unknown;
}

/** What the calling thread is to do. Call once, from the entry script. A thread that was started ahead waits here until it is taken. */
export function threadStart(): Promise<ThreadStart> {
  if (workerData) return Promise.resolve(workerData as ThreadStart);
  return new Promise((resolve) => parentPort!.once("message", resolve));
}
