import { extname } from "node:path";
import { WaitingThreads } from "../src/actor/thread/waiting-threads.ts";
import { CompilerPool } from "../src/config/compiler/compiler-pool.ts";

/** URL of the module with the table of compilers, for the compiler's thread. */
export const COMPILER_TABLE = scriptUrl("../src/extensions/compiler-table").href;
/** The script that worker threads run. */
export const WORKER_SCRIPT = scriptUrl("./worker/thread");

/** Threads of a proxy that is about to start. */
export interface EarlyThreads {
  readonly compiler: CompilerPool;
  readonly workers: WaitingThreads;
}

/**
 * Starts the compiler's thread and `workerCount` workers. Called before the main thread loads what a proxy is made of: most of the
 * time of a start goes into loading modules, which each thread does for itself, and this way all of them do it at once.
 */
export function startThreadsEarly(workerCount: number): EarlyThreads {
  const compiler = new CompilerPool(COMPILER_TABLE);
  compiler.warmUp();
  const names = Array.from({ length: workerCount }, (_, index) => `worker-${index + 1}`);
  return { compiler, workers: new WaitingThreads(WORKER_SCRIPT, names) };
}

/** The published package holds compiled files, whose names end in .js like this one's. */
function scriptUrl(path: string): URL {
  return new URL(`${path}${extname(import.meta.filename)}`, import.meta.url);
}
