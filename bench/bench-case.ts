import type { BenchOptions } from "./bench-options.ts";
import type { Peer } from "./peers/peer.ts";

/** What a case runs with. */
export interface BenchContext {
  readonly options: BenchOptions;
  /** The peers to measure, of those that the case has. */
  readonly peers: readonly Peer[];
  /** A folder for files, removed at the end. */
  readonly folder: string;
  /** Shows progress to the person who waits. */
  progress(line: string): void;
}

/** Raw numbers of one measurement, by name. The names carry their units. */
export type BenchNumbers = Readonly<Record<string, number>>;

/** One measurement of one peer. */
export interface BenchRound {
  readonly peer: string;
  /** From 0. */
  readonly round: number;
  readonly numbers: BenchNumbers;
}

/** A column of a case's table: the median over a peer's rounds of one of the numbers. */
export interface BenchColumn {
  readonly key: string;
  readonly title: string;
  /** Digits after the point. Default 0. */
  readonly digits?: number;
  /** Whether a second column gives the ratio to the case's base. */
  readonly ratio?: boolean;
}

/** One kind of work that proxies are compared at. */
export interface BenchCase {
  readonly name: string;
  /** What is done, in a sentence for `docs/benchmarks.md`. */
  readonly description: string;
  /** Names of the peers that can do this. */
  readonly peers: readonly string[];
  readonly columns: readonly BenchColumn[];
  /** The peer that ratios are to; default: nginx, or else HAProxy. */
  readonly base?: string;
  run(context: BenchContext): Promise<BenchRound[]>;
}
