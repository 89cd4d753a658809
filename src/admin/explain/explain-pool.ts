import { extname } from "node:path";
import { Piscina } from "piscina";
import type { ExplainTask, ExplainTaskOutcome } from "./explain-task.ts";

/** More at a time are refused: each holds a whole configuration. */
const MAX_WAITING = 4;
/** The thread is kept this long for the next request. */
const IDLE_MS = 10_000;

/** Explains requests on proposed configurations, on a thread that exists only while somebody asks. Used on the main thread. */
export class ExplainPool {
  #pool: Piscina<ExplainTask, ExplainTaskOutcome> | undefined;

  /** Rejects if the thread dies, or too many ask at once. */
  async explain(task: ExplainTask): Promise<ExplainTaskOutcome> {
    this.#pool ??= startPool();
    if (this.#pool.queueSize >= MAX_WAITING) throw new Error("too many proposed configurations are being explained");
    return this.#pool.run(task);
  }

  /** Stops the thread; what is under way is rejected. */
  async close(): Promise<void> {
    await this.#pool?.destroy();
    this.#pool = undefined;
  }
}

function startPool(): Piscina<ExplainTask, ExplainTaskOutcome> {
  // The published package holds compiled files, where this module and its neighbour end in .js.
  const filename = new URL(`./explain-task${extname(import.meta.filename)}`, import.meta.url).href;
  return new Piscina({ filename, minThreads: 0, maxThreads: 1, idleTimeout: IDLE_MS, atomics: "disabled" });
}
