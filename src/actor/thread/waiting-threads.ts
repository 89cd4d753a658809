import { type Transferable, Worker } from "node:worker_threads";
import type { ThreadStart } from "./thread-start.ts";

/**
 * Threads started before it is known what they are to do, so that they load their modules while their parent is still busy with something
 * else. Each waits in its `threadStart`. One that ends before it is taken is forgotten; whoever wanted it starts a thread as usual.
 * Main thread.
 */
export class WaitingThreads {
  readonly script: URL;
  readonly #threads = new Map<string, Worker>();

  /** Starts a thread of `script` for each name. */
  constructor(script: URL, names: readonly string[]) {
    this.script = script;
    for (const name of names) {
      const thread = new Worker(script, { name });
      const forget = (): boolean => this.#threads.delete(name);
      // Its error is told by the thread that is started in its place, if it has the same one.
      thread.on("error", forget);
      thread.on("exit", forget);
      // Nothing is to wait for it should it not be wanted after all.
      thread.unref();
      this.#threads.set(name, thread);
    }
  }

  /** How many still wait. */
  get size(): number {
    return this.#threads.size;
  }

  /** Gives the thread called `name` its work and hands it over; undefined if there is none, and nothing was transferred. */
  take(name: string, start: ThreadStart, transfer: readonly Transferable[]): Worker | undefined {
    const thread = this.#threads.get(name);
    if (thread === undefined) return undefined;
    this.#threads.delete(name);
    thread.removeAllListeners("error");
    thread.removeAllListeners("exit");
    thread.ref();
    thread.postMessage(start, [...transfer]);
    return thread;
  }

  /** Ends those that nobody took. */
  async close(): Promise<void> {
    const threads = [...this.#threads.values()];
    this.#threads.clear();
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}
