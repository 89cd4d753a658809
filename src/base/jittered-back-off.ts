import type { RandomSource } from "./random.ts";

/** How long to wait before each retry: at random below a bound that doubles. Source: Envoy's `JitteredExponentialBackOffStrategy`. */
export class JitteredBackOff {
  readonly #random: RandomSource;
  readonly #maxMs: number;
  #boundMs: number;

  constructor(baseMs: number, maxMs: number, random: RandomSource) {
    this.#random = random;
    this.#maxMs = maxMs;
    this.#boundMs = baseMs;
  }

  nextMs(): number {
    const boundMs = this.#boundMs;
    this.#boundMs = boundMs < this.#maxMs / 2 ? boundMs * 2 : this.#maxMs;
    return Math.floor(this.#random.fraction() * boundMs);
  }
}
