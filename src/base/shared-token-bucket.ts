/** How a bucket fills: `tokensPerFill` more every `fillIntervalMs`, at most `maxTokens`. It begins full. */
export interface TokenBucketSettings {
  /** At least 1, at most 2^31 - 1; the same holds for `tokensPerFill`. */
  readonly maxTokens: number;
  readonly tokensPerFill: number;
  readonly fillIntervalMs: number;
}

/** Cells that a bucket takes. Fresh ones are 0. */
export const TOKEN_BUCKET_CELLS = 2;

/**
 * A token bucket that all threads of the process share: however many of them try, no token is given out twice. Lies in two cells of
 * shared memory: how many tokens are missing, and when the bucket was last filled. It is filled by whoever asks, so that it needs no
 * timer. Times are those of the process (`processTimeOffsetMs`), in milliseconds, as 32 bits that wrap.
 * Source: Envoy's `LocalRateLimiterImpl`.
 */
export class SharedTokenBucket {
  readonly #cells: Int32Array;
  readonly #missing: number;
  readonly #filledAt: number;
  readonly #settings: TokenBucketSettings;

  /** Uses the cells `first` and `first + 1`. */
  constructor(cells: Int32Array, first: number, settings: TokenBucketSettings) {
    this.#cells = cells;
    this.#missing = first;
    this.#filledAt = first + 1;
    this.#settings = settings;
  }

  /** Takes `count` tokens (1), if there are so many. */
  tryTake(processNowMs: number, count = 1): boolean {
    this.#fill(processNowMs);
    const cells = this.#cells;
    let seen = Atomics.load(cells, this.#missing);
    while (seen + count <= this.#settings.maxTokens) {
      const before = Atomics.compareExchange(cells, this.#missing, seen, seen + count);
      if (before === seen) return true;
      seen = before;
    }
    return false;
  }

  /** Tokens that could be taken now. */
  available(processNowMs: number): number {
    this.#fill(processNowMs);
    return Math.max(0, this.#settings.maxTokens - Atomics.load(this.#cells, this.#missing));
  }

  /** How long until the next fill. */
  nextFillMs(processNowMs: number): number {
    const sinceMs = (Math.floor(processNowMs) - Atomics.load(this.#cells, this.#filledAt)) | 0;
    return Math.max(0, this.#settings.fillIntervalMs - sinceMs);
  }

  /** Whoever moves the time of the last fill on adds the tokens. */
  #fill(processNowMs: number): void {
    const { tokensPerFill, fillIntervalMs } = this.#settings;
    const cells = this.#cells;
    // 0 says that the bucket has never been used.
    const now = Math.floor(processNowMs) | 0 || 1;
    const filledAt = Atomics.load(cells, this.#filledAt);
    if (filledAt === 0) {
      Atomics.compareExchange(cells, this.#filledAt, 0, now);
      return;
    }
    const sinceMs = (now - filledAt) | 0;
    // Negative: a thread whose clock is a bit behind, or nobody has asked for 25 days.
    if (sinceMs >= 0 && sinceMs < fillIntervalMs) return;
    if (sinceMs < 0 && sinceMs > -CLOCK_SKEW_MS) return;
    const fills = sinceMs < 0 ? Number.POSITIVE_INFINITY : Math.floor(sinceMs / fillIntervalMs);
    const next = sinceMs < 0 ? now : (filledAt + Math.floor(fills * fillIntervalMs)) | 0 || 1;
    if (Atomics.compareExchange(cells, this.#filledAt, filledAt, next) === filledAt) this.#add(fills * tokensPerFill);
  }

  #add(tokens: number): void {
    const cells = this.#cells;
    let seen = Atomics.load(cells, this.#missing);
    while (seen > 0) {
      // More may be missing than there is room for, if the bucket has become smaller.
      const missing = Math.min(seen, this.#settings.maxTokens);
      const before = Atomics.compareExchange(cells, this.#missing, seen, Math.max(0, missing - tokens));
      if (before === seen) return;
      seen = before;
    }
  }
}

const CLOCK_SKEW_MS = 60_000;
