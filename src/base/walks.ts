import type { Clock } from "./clock.ts";

/** Walks that may be open at once; the one that was not used for longest makes room. */
const MAX_OPEN = 16;

/** The next piece of a walk. `next` is to be named for the one after it; null: there is no more. */
export interface WalkPiece<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/**
 * Goes through long lists in pieces, each of bounded length and bounded time, while the lists may change between the pieces. What is
 * walked is an iterator; it may yield undefined for what it passes over, so that passing over much takes no long piece either.
 */
export class Walks<T> {
  readonly #clock: Clock;
  readonly #budgetMs: number;
  readonly #open = new Map<string, Iterator<T | undefined>>();
  #last = 0;

  /** No piece takes much longer than `budgetMs`. */
  constructor(clock: Clock, budgetMs: number) {
    this.#clock = clock;
    this.#budgetMs = budgetMs;
  }

  /** Walks that are not at their end. */
  get openCount(): number {
    return this.#open.size;
  }

  /** The first piece of a new walk. */
  begin(items: Iterable<T | undefined>, limit: number): WalkPiece<T> {
    return this.#piece(items[Symbol.iterator](), limit, String(++this.#last));
  }

  /** The next piece. Throws if there is no such walk, or none any more. */
  goOn(walk: string, limit: number): WalkPiece<T> {
    const iterator = this.#open.get(walk);
    if (iterator === undefined) throw new Error("the listing was given up: too many others were begun meanwhile");
    this.#open.delete(walk);
    return this.#piece(iterator, limit, walk);
  }

  #piece(iterator: Iterator<T | undefined>, limit: number, walk: string): WalkPiece<T> {
    const items: T[] = [];
    const endMs = this.#clock.nowMs() + this.#budgetMs;
    for (let steps = 1; items.length < limit; steps++) {
      const { done, value } = iterator.next();
      if (done === true) return { items, next: null };
      if (value !== undefined) items.push(value);
      // Reading the clock costs more than most steps.
      if (steps % 16 === 0 && this.#clock.nowMs() >= endMs) break;
    }
    this.#open.set(walk, iterator);
    for (const oldest of this.#open.keys()) {
      if (this.#open.size <= MAX_OPEN) break;
      this.#open.get(oldest)?.return?.();
      this.#open.delete(oldest);
    }
    return { items, next: walk };
  }
}
