import type { Clock } from "../../../base/clock.ts";

/** How many may come at once. Envoy cuts at half of this already. */
const BURST = 500;
/** How many a second are forgiven: 3,000 a minute. */
const FORGIVEN_PER_SECOND = 50;

/**
 * Counts the streams of one HTTP/2 connection that the peer has ended, or made us end, before they had an answer: opening
 * and cancelling streams at once costs a peer nothing and us the work of a request each time ("rapid reset").
 * Differs from Envoy: what is counted is a rate, with a burst of 500 and 50 a second, and not the share of such streams. A
 * browser that cancels 2,000 requests in a minute goes on.
 */
export class PrematureResets {
  readonly #clock: Clock;
  #count = 0;
  #countedAtMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#countedAtMs = clock.nowMs();
  }

  /** Counts one; false if it is one too many. */
  note(): boolean {
    const nowMs = this.#clock.nowMs();
    const forgiven = ((nowMs - this.#countedAtMs) / 1000) * FORGIVEN_PER_SECOND;
    this.#countedAtMs = nowMs;
    this.#count = Math.max(0, this.#count - forgiven) + 1;
    return this.#count <= BURST;
  }
}
