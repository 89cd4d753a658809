import type { ConfigSource } from "./config-compiler.ts";
import type { ReloadOutcome } from "./protocol.ts";
import type { SerialQueue } from "./serial-queue.ts";

/** One attempt to bring a configuration in force. */
export interface ReloadRequest {
  readonly source: ConfigSource;
  readonly cause: string;
}

/**
 * Reloads one after the other. A request that comes while another waits takes its place: only the newest configuration is
 * of interest, and both get its outcome.
 */
export class ReloadQueue {
  readonly #jobs: SerialQueue;
  readonly #reload: (request: ReloadRequest) => Promise<ReloadOutcome>;
  #waiting: { request: ReloadRequest; readonly outcome: Promise<ReloadOutcome> } | undefined;
  #running = 0;

  constructor(jobs: SerialQueue, reload: (request: ReloadRequest) => Promise<ReloadOutcome>) {
    this.#jobs = jobs;
    this.#reload = reload;
  }

  /** A reload runs or waits. */
  get busy(): boolean {
    return this.#running > 0 || this.#waiting !== undefined;
  }

  request(request: ReloadRequest): Promise<ReloadOutcome> {
    if (this.#waiting !== undefined) {
      this.#waiting.request = request;
      return this.#waiting.outcome;
    }
    const outcome = this.#jobs.run(() => this.#runWaiting());
    this.#waiting = { request, outcome };
    return outcome;
  }

  async #runWaiting(): Promise<ReloadOutcome> {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting === undefined) throw new Error("no reload waits");
    this.#running++;
    try {
      return await this.#reload(waiting.request);
    } finally {
      this.#running--;
    }
  }
}
