import { type Clock, processTimeOffsetMs } from "../../../base/clock.ts";

const STATUS_BITS = 10;
const DEGRADED_BIT = 1 << STATUS_BITS;
const WINDOW_SHIFT = STATUS_BITS + 1;
/** So many windows later a number means the same again, should no check have come in between. */
const WINDOWS = 1 << (32 - WINDOW_SHIFT);

/** What an upstream answered to a health check. */
export interface CachedAnswer {
  readonly status: number;
  readonly degraded: boolean;
}

/**
 * The last answer to a health check, for all workers. Time is cut in windows of the cache's duration, and an answer counts in the
 * window in which it came, as in Envoy. All of it is one number in shared memory: window, degraded, status.
 */
export class AnswerCache {
  readonly #value: Int32Array;
  readonly #cacheMs: number;
  readonly #clock: Clock;
  readonly #offsetMs: number;

  /** `value`: one number, 0 at first. */
  constructor(value: Int32Array, cacheMs: number, clock: Clock) {
    this.#value = value;
    this.#cacheMs = cacheMs;
    this.#clock = clock;
    this.#offsetMs = processTimeOffsetMs(clock);
  }

  /** Null if there is none that still counts. */
  get(): CachedAnswer | null {
    const value = Atomics.load(this.#value, 0);
    if (value === 0 || value >>> WINDOW_SHIFT !== this.#window()) return null;
    return { status: value & (DEGRADED_BIT - 1), degraded: (value & DEGRADED_BIT) !== 0 };
  }

  set({ status, degraded }: CachedAnswer): void {
    Atomics.store(this.#value, 0, (this.#window() << WINDOW_SHIFT) | (degraded ? DEGRADED_BIT : 0) | status);
  }

  #window(): number {
    return Math.floor((this.#clock.nowMs() + this.#offsetMs) / this.#cacheMs) % WINDOWS;
  }
}
