/**
 * The contract between code that counts and the statistics of its thread. Handles are resolved once, when a snapshot is
 * applied; on the request path only the handles are used. A handle works on the thread that made it.
 */

/** A number that only grows: how often something happened. Reported as Envoy's counter. */
export interface Counter {
  inc(): void;
  /** `amount` is a non-negative integer. */
  add(amount: number): void;
}

/** A number that goes up and down: how much of something there is now. */
export interface Gauge {
  inc(): void;
  dec(): void;
  add(amount: number): void;
  sub(amount: number): void;
  set(value: number): void;
}

/** A distribution of values, such as latencies. Values must be finite and not negative; others are dropped. */
export interface Histogram {
  record(value: number): void;
}

/** A short text that says something about the present state, such as a version. */
export interface TextReadout {
  set(text: string): void;
}

/**
 * How the values that several threads hold under one gauge name become the one that is shown:
 * `accumulate` adds them up (connections, requests); `max` takes the largest (a circuit breaker that is open anywhere,
 * or a fact that each worker knows alike, such as the number of hosts); `last` takes the one written most recently.
 */
export type GaugeMergeMode = "accumulate" | "max" | "last";

/** What a histogram's values are measured in. `percent` values are fractions: 1 is all of it. */
export type HistogramUnit = "ms" | "us" | "bytes" | "percent" | "unspecified";

/**
 * A place in the dotted tree of stat names. Names may themselves hold dots; empty ones are left out when joining; `:`
 * and control characters become `_`. Asking for the same name twice (through whichever scope) gives the same cell.
 */
export interface StatsScope {
  counter(name: string): Counter;
  /** `merge` is `accumulate` unless given; the first one to name a gauge on a thread decides it. */
  gauge(name: string, merge?: GaugeMergeMode): Gauge;
  /** The first one to name a histogram on a thread decides its unit. */
  histogram(name: string, unit: HistogramUnit): Histogram;
  textReadout(name: string): TextReadout;
  /** The scope below this one. It is released on its own. */
  scope(prefix: string): StatsScope;
  /**
   * Gives up this scope's stats. A name disappears from its thread when every scope that asked for it has been
   * released; counts still unsent are sent first. Handles of a released scope must not be used any more. Releasing
   * twice does nothing.
   */
  release(): void;
}
