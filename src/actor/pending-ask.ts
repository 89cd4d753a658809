import type { TimerWheel, WheelTimer } from "../base/timer-wheel.ts";
import { AskError, type AskFailure } from "./ask-error.ts";

/** One question that waits for its reply. Settles exactly once; later replies are ignored. */
export class PendingAsk {
  readonly promise: Promise<unknown>;
  /** True once the actor has been handed the question. A crash loses it from then on. */
  taken = false;
  readonly #description: string;
  readonly #timer: WheelTimer;
  readonly #onSettled: (ask: PendingAsk) => void;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: AskError) => void;
  #settled = false;

  /** `description` names the actor and the question in errors. `onSettled` is called once, however it ends. */
  constructor(timers: TimerWheel, deadlineMs: number, description: string, onSettled: (ask: PendingAsk) => void) {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#description = description;
    this.#onSettled = onSettled;
    this.#timer = timers.timer(() => this.fail("timeout", `no reply within ${deadlineMs} ms`));
    this.#timer.arm(deadlineMs);
  }

  get settled(): boolean {
    return this.#settled;
  }

  succeed(value: unknown): void {
    if (!this.#settle()) return;
    this.#resolve(value);
  }

  fail(reason: AskFailure, detail: string, cause?: unknown): void {
    if (!this.#settle()) return;
    this.#reject(new AskError(reason, `${this.#description}: ${detail}`, cause === undefined ? undefined : { cause }));
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#timer.disarm();
    this.#onSettled(this);
    return true;
  }
}
