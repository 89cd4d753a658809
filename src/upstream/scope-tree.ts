import type {
  Counter,
  Gauge,
  GaugeMergeMode,
  Histogram,
  HistogramUnit,
  StatsScope,
  TextReadout,
} from "../stats/scope.ts";

/** A scope that is released together with all scopes that were ever made below it. */
export class ScopeTree implements StatsScope {
  readonly #scope: StatsScope;
  readonly #below: ScopeTree[] = [];

  constructor(scope: StatsScope) {
    this.#scope = scope;
  }

  counter(name: string): Counter {
    return this.#scope.counter(name);
  }

  gauge(name: string, merge?: GaugeMergeMode): Gauge {
    return this.#scope.gauge(name, merge);
  }

  histogram(name: string, unit: HistogramUnit): Histogram {
    return this.#scope.histogram(name, unit);
  }

  textReadout(name: string): TextReadout {
    return this.#scope.textReadout(name);
  }

  scope(prefix: string): ScopeTree {
    const child = new ScopeTree(this.#scope.scope(prefix));
    this.#below.push(child);
    return child;
  }

  release(): void {
    for (const child of this.#below) child.release();
    this.#below.length = 0;
    this.#scope.release();
  }
}
