import type { CircuitBreaker } from "./circuit-breaker.ts";

/**
 * A circuit breaker whose count all workers share. The count never passes the limit by `tryAcquire`, however many
 * workers try at once. What this worker holds is also noted in its own share, from which the main thread takes it back if
 * the worker dies.
 */
export class SharedCircuitBreaker implements CircuitBreaker {
  readonly #totals: Int32Array;
  readonly #share: Int32Array;
  readonly #cell: number;
  #max: number;

  constructor(totals: Int32Array, share: Int32Array, cell: number, max: number) {
    this.#totals = totals;
    this.#share = share;
    this.#cell = cell;
    this.#max = max;
  }

  get max(): number {
    return this.#max;
  }

  /** Takes effect on the next acquisition; what is held stays. */
  setMax(max: number): void {
    this.#max = max;
  }

  get count(): number {
    return Atomics.load(this.#totals, this.#cell);
  }

  get canCreate(): boolean {
    return Atomics.load(this.#totals, this.#cell) < this.max;
  }

  tryAcquire(): boolean {
    const totals = this.#totals;
    const cell = this.#cell;
    const max = this.max;
    let seen = Atomics.load(totals, cell);
    while (seen < max) {
      const before = Atomics.compareExchange(totals, cell, seen, seen + 1);
      if (before === seen) {
        // Nothing may stand between taking and noting: a worker is only ever stopped at calls and loops.
        this.#share[cell] = this.#share[cell]! + 1;
        return true;
      }
      seen = before;
    }
    return false;
  }

  acquire(): void {
    Atomics.add(this.#totals, this.#cell, 1);
    this.#share[this.#cell] = this.#share[this.#cell]! + 1;
  }

  release(): void {
    Atomics.sub(this.#totals, this.#cell, 1);
    this.#share[this.#cell] = this.#share[this.#cell]! - 1;
  }
}
