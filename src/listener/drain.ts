import type { Clock } from "../base/clock.ts";
import type { RandomSource } from "../base/random.ts";

/** `gradual` closes more and more often while the drain time passes; `immediate` at the next chance. */
export type DrainStrategy = "gradual" | "immediate";

/** How to drain: after `timeMs` what is still open is cut. */
export interface DrainOptions {
  readonly timeMs: number;
  readonly strategy: DrainStrategy;
  /** After so long, connections with nothing under way are closed. Default: they may stay until `timeMs`. */
  readonly idleMs?: number | undefined;
}

/**
 * Whether connections should be wound up, and how urgently. Starts idle. Source: Envoy's `DrainManagerImpl`.
 * Differs from Envoy: the elapsed share of the drain time is counted in milliseconds, not in whole seconds.
 */
export class Drain {
  readonly #clock: Clock;
  readonly #random: RandomSource;
  #active = false;
  #strategy: DrainStrategy = "gradual";
  #startedAtMs = 0;
  #deadlineMs = 0;

  constructor(clock: Clock, random: RandomSource) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Whether a drain has been started. It never ends but with the connections. */
  get active(): boolean {
    return this.#active;
  }

  /** When what is left is cut, in the clock's time. Only while active. */
  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  /** How far it is: 0 at the start, 1 from the deadline on; `immediate` is 1 at once. */
  get progress(): number {
    if (!this.#active) return 0;
    const now = this.#clock.nowMs();
    if (this.#strategy === "immediate" || now >= this.#deadlineMs) return 1;
    return (now - this.#startedAtMs) / (this.#deadlineMs - this.#startedAtMs);
  }

  /** Starts to drain. Once started, a second call can only make it sooner or harder. */
  start(options: DrainOptions): void {
    const now = this.#clock.nowMs();
    const deadlineMs = now + options.timeMs;
    if (!this.#active) {
      this.#active = true;
      this.#strategy = options.strategy;
      this.#startedAtMs = now;
      this.#deadlineMs = deadlineMs;
      return;
    }
    if (options.strategy === "immediate") this.#strategy = "immediate";
    this.#deadlineMs = Math.min(this.#deadlineMs, deadlineMs);
  }

  /** Whether the connection that asks should close now. Under `gradual` chance decides, as often as time has passed. */
  drainClose(): boolean {
    if (!this.#active) return false;
    const progress = this.progress;
    return progress >= 1 || progress > this.#random.fraction();
  }
}
