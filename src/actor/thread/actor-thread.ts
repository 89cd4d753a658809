import { MessageChannel, type ResourceLimits, Worker } from "node:worker_threads";
import type { ActorSystem } from "../actor-system.ts";
import { describeError } from "../ask-error.ts";
import { stackOf } from "../inspection/actor-history.ts";
import { type ThreadProbe, workerThreadProbe } from "../inspection/thread-probe.ts";
import { type BridgePorts, ThreadBridge } from "./thread-bridge.ts";
import type { ThreadStart } from "./thread-start.ts";
import type { WaitingThreads } from "./waiting-threads.ts";

/** How a thread ended. */
export interface ThreadEnd {
  /** Exit code; 0 if it ended of itself, 1 after an uncaught error or `terminate`. */
  readonly code: number;
  /** The uncaught error, if there was one. */
  readonly error: string | undefined;
  /** Of that error, if it has one. */
  readonly stack: string | undefined;
}

/** What a thread is made of. */
export interface ActorThreadOptions {
  readonly name: string;
  /** The entry script. It makes an actor system and joins it with `joinParent`. */
  readonly script: URL;
  /** Given to the script as `ThreadStart.data`. */
  readonly data: unknown;
  readonly resourceLimits?: ResourceLimits;
  /** Threads of the same script that wait for work: one of this name is used before a new one is started. */
  readonly waiting?: WaitingThreads | undefined;
}

/** A thread with actors, seen from the one that started it. */
export class ActorThread {
  readonly name: string;
  readonly bridge: ThreadBridge;
  /** Settles once, when the thread has ended for whatever reason. Never rejects. */
  readonly ended: Promise<ThreadEnd>;
  readonly probe: ThreadProbe;
  readonly #worker: Worker;
  #error: string | undefined;
  #stack: string | undefined;

  /** Starts the thread. `system` holds the actors of the calling thread. */
  constructor(options: ActorThreadOptions, system: ActorSystem) {
    this.name = options.name;
    const tells = new MessageChannel();
    const controls = new MessageChannel();
    const ports: BridgePorts = { tellPort: tells.port2, controlPort: controls.port2 };
    const start: ThreadStart = { thread: options.name, parent: system.thread, ports, data: options.data };
    const transferList = [tells.port2, controls.port2];
    this.#worker =
      options.waiting?.take(options.name, start, transferList) ??
      new Worker(options.script, {
        name: options.name,
        workerData: start,
        transferList,
        ...(options.resourceLimits === undefined ? {} : { resourceLimits: options.resourceLimits }),
      });
    this.probe = workerThreadProbe(this.#worker);
    this.bridge = new ThreadBridge(options.name, { tellPort: tells.port1, controlPort: controls.port1 }, system);
    const { promise, resolve } = Promise.withResolvers<ThreadEnd>();
    this.ended = promise;
    this.#worker.on("error", (error: unknown) => {
      this.#error = describeError(error);
      this.#stack = stackOf(error);
      this.bridge.close(`the thread crashed: ${this.#error}`, false);
    });
    this.#worker.on("messageerror", (error) => {
      system.log.error({ thread: this.name, error: describeError(error) }, "a message of a thread could not be read");
    });
    this.#worker.on("exit", (code) => {
      this.bridge.close("the thread has ended", false);
      resolve({ code, error: this.#error, stack: this.#stack });
    });
  }

  /** Ends the thread at once, in the middle of whatever it does. Resolves when it has ended. */
  async terminate(): Promise<void> {
    // Released first: comlink would otherwise keep callers of a thread that is gone.
    this.bridge.close("the thread was terminated", true);
    await this.#worker.terminate();
  }
}

/** Joins the actors of a new thread to those of the one that started it. Call once, from the entry script. */
export function joinParent(start: ThreadStart, system: ActorSystem): ThreadBridge {
  return new ThreadBridge(start.parent, start.ports, system);
}
