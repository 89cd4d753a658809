import { InvariantError } from "../base/fatal.ts";

/**
 * Where an actor is in its life.
 * - `starting`: made, `start` not finished; messages wait in the mailbox.
 * - `running`: handles messages.
 * - `draining`: takes no new message, finishes those it has.
 * - `failed`: crashed; either waits for its restart or has used up its restarts.
 * - `stopped`: ended for good.
 */
export type LifecycleState = "starting" | "running" | "draining" | "stopped" | "failed";

const ALLOWED: Readonly<Record<LifecycleState, readonly LifecycleState[]>> = {
  starting: ["running", "draining", "failed"],
  running: ["draining", "failed"],
  draining: ["stopped"],
  failed: ["starting", "stopped"],
  stopped: [],
};

/** The guarded state of one actor. Every move not in the table is a bug of the kit and throws. */
export class Lifecycle {
  #state: LifecycleState = "starting";

  get state(): LifecycleState {
    return this.#state;
  }

  /** True if new messages are welcome: they are handled now or after the (re)start. */
  get accepts(): boolean {
    return this.#state === "starting" || this.#state === "running" || this.#state === "failed";
  }

  /** True while messages may be handled. */
  get handles(): boolean {
    return this.#state === "running" || this.#state === "draining";
  }

  canMoveTo(next: LifecycleState): boolean {
    return ALLOWED[this.#state].includes(next);
  }

  /** Throws `InvariantError` if the move is not allowed. */
  moveTo(next: LifecycleState): void {
    if (!this.canMoveTo(next)) throw new InvariantError(`an actor can't go from ${this.#state} to ${next}`);
    this.#state = next;
  }
}
