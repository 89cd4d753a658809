import { OutlierCell, OutlierCells, type OutlierGrant } from "./outlier-cells.ts";
import type { EjectionType } from "./outlier-data.ts";

/** Answers of a host, or what came of trying to reach it. */
export type RateKind = "external" | "local";

/** What a host did in the last interval. */
export interface HostRate {
  /** Percent of requests that did well. */
  readonly rate: number;
  readonly volume: number;
}

/** One host as outlier detection knows it. Main thread. */
export class HostMonitor {
  readonly grant: OutlierGrant;
  readonly cells: OutlierCells;
  /** Why it is ejected; null if it is not. */
  ejectedFor: EjectionType | null = null;
  ejections = 0;
  ejectedAtMs: number | null = null;
  unejectedAtMs: number | null = null;
  /** By how many times the base time the next ejection takes; falls again while the host does well. */
  backOff = 0;
  jitterMs = 0;
  /** Percent; -1 = too few requests. For people. */
  rates: Record<RateKind, number> = { external: -1, local: -1 };
  readonly #last: Record<RateKind, HostRate | null> = { external: null, local: null };

  constructor(grant: OutlierGrant) {
    this.grant = grant;
    this.cells = new OutlierCells(grant);
  }

  /** An interval is over: takes what was counted in it. */
  endInterval(): void {
    this.#last.external = this.#take(OutlierCell.externalTotal, OutlierCell.externalSuccess);
    this.#last.local = this.#take(OutlierCell.localTotal, OutlierCell.localSuccess);
    this.rates = { external: -1, local: -1 };
  }

  /** Null if there was no request. */
  last(kind: RateKind): HostRate | null {
    return this.#last[kind];
  }

  eject(type: EjectionType, nowMs: number): void {
    this.ejectedFor = type;
    this.ejections++;
    this.ejectedAtMs = nowMs;
  }

  uneject(nowMs: number): void {
    this.ejectedFor = null;
    this.unejectedAtMs = nowMs;
    this.cells.reset(OutlierCell.consecutive5xx);
    this.cells.reset(OutlierCell.consecutiveGatewayFailure);
    this.cells.reset(OutlierCell.consecutiveLocalOriginFailure);
  }

  #take(total: number, success: number): HostRate | null {
    // The successes first: one that is counted in between is then in the total of the next interval, not above this one's.
    const successes = this.cells.take(success);
    const volume = this.cells.take(total);
    return volume === 0 ? null : { rate: (Math.min(successes, volume) / volume) * 100, volume };
  }
}
