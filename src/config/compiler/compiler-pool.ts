import { extname } from "node:path";
import { Piscina } from "piscina";
import type { LoadAssignmentOutcome, LoadAssignmentRequest } from "../source/load-assignment-file.ts";
import type { CompileOutcome, CompileRequest } from "./compile-request.ts";
import type { CompilerTask, LoadAssignmentTask, WarmUpTask } from "./compiler-task.ts";

/** How many compilations may wait. More than one waits only if reloads come faster than they are compiled. */
const MAX_WAITING = 16;

/**
 * Compiles configurations on a thread of its own, one at a time, so that the caller's event loop never waits for a large file. The
 * thread keeps what it compiled: a second compilation costs what changed. Used on the main thread.
 */
export class CompilerPool {
  readonly #tableModule: string;
  readonly #pool: Piscina<
    CompilerTask | LoadAssignmentTask | WarmUpTask,
    CompileOutcome | LoadAssignmentOutcome[] | undefined
  >;

  /** `tableModule` is the URL of a module that exports `loadLateCompilerTable` (see `CompilerTableModule`). Starts the thread. */
  constructor(tableModule: string) {
    this.#tableModule = tableModule;
    // The published package holds compiled files, where this module and its neighbour end in .js.
    const filename = new URL(`./compiler-task${extname(import.meta.filename)}`, import.meta.url).href;
    this.#pool = new Piscina({
      filename,
      minThreads: 1,
      maxThreads: 1,
      maxQueue: MAX_WAITING,
      idleTimeout: Number.POSITIVE_INFINITY,
      // The thread sleeps in its event loop and not in a blocking wait, so that its memory can be collected.
      atomics: "disabled",
    });
  }

  /** Makes the thread load what it compiles with, ahead of the first compilation, which tells what went wrong if this did. */
  warmUp(): void {
    const task: WarmUpTask = { tableModule: this.#tableModule };
    this.#pool.run(task, { name: "warmUp" }).catch(() => {});
  }

  /**
   * Compiles. Bad input is an outcome with problems, never a rejection; rejects if the thread dies, too many compilations
   * wait, or the pool is closed. After a rejection the next call starts a fresh thread.
   */
  compile(request: CompileRequest): Promise<CompileOutcome> {
    return this.#pool.run({ tableModule: this.#tableModule, request }) as Promise<CompileOutcome>;
  }

  /** Reads and checks a file of EDS clusters: an outcome for each name. Bad input is an outcome; rejects as `compile` does. */
  compileLoadAssignments(request: LoadAssignmentRequest): Promise<LoadAssignmentOutcome[]> {
    const task: LoadAssignmentTask = { tableModule: this.#tableModule, request };
    return this.#pool.run(task, { name: "loadAssignments" }) as Promise<LoadAssignmentOutcome[]>;
  }

  /** Stops the thread; waiting compilations are rejected. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
