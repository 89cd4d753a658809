import type {
  Counter,
  Gauge,
  GaugeMergeMode,
  Histogram,
  HistogramUnit,
  StatsScope,
  TextReadout,
} from "../../src/stats/scope.ts";

/** The `StatsScope` of tests: keeps plain numbers that a test reads back by their full name. */
export class RecordingStats implements StatsScope {
  readonly #values: Map<string, number>;
  readonly #samples: Map<string, number[]>;
  readonly #texts: Map<string, string>;
  readonly #prefix: string;

  constructor(prefix = "", root?: RecordingStats) {
    this.#prefix = prefix;
    this.#values = root === undefined ? new Map() : root.#values;
    this.#samples = root === undefined ? new Map() : root.#samples;
    this.#texts = root === undefined ? new Map() : root.#texts;
  }

  /** The counter's or gauge's value; 0 for a name that nobody has asked for. */
  value(name: string): number {
    return this.#values.get(name) ?? 0;
  }

  /** What a histogram has recorded, in order. */
  samples(name: string): readonly number[] {
    return this.#samples.get(name) ?? [];
  }

  /** What a text readout shows; empty for a name that nobody has asked for. */
  text(name: string): string {
    return this.#texts.get(name) ?? "";
  }

  /** The counters and gauges that are not zero, by name: what an unexpected change shows up in. */
  nonZero(): Record<string, number> {
    return Object.fromEntries(
      [...this.#values].filter(([, value]) => value !== 0).sort(([a], [b]) => (a < b ? -1 : 1)),
    );
  }

  /** Whether somebody has asked for a counter, gauge, histogram or text of that name. */
  has(name: string): boolean {
    return this.#values.has(name) || this.#samples.has(name) || this.#texts.has(name);
  }

  counter(name: string): Counter {
    return this.#number(name);
  }

  gauge(name: string, _merge?: GaugeMergeMode): Gauge {
    return this.#number(name);
  }

  histogram(name: string, _unit: HistogramUnit): Histogram {
    const full = this.#join(name);
    let samples = this.#samples.get(full);
    if (samples === undefined) {
      samples = [];
      this.#samples.set(full, samples);
    }
    const list = samples;
    return { record: (value) => void list.push(value) };
  }

  textReadout(name: string): TextReadout {
    const full = this.#join(name);
    if (!this.#texts.has(full)) this.#texts.set(full, "");
    return { set: (text) => void this.#texts.set(full, text) };
  }

  scope(prefix: string): RecordingStats {
    return new RecordingStats(this.#join(prefix), this);
  }

  release(): void {}

  #number(name: string): Gauge {
    const full = this.#join(name);
    const values = this.#values;
    if (!values.has(full)) values.set(full, 0);
    const add = (amount: number): void => void values.set(full, (values.get(full) ?? 0) + amount);
    return {
      inc: () => add(1),
      dec: () => add(-1),
      add,
      sub: (amount) => add(-amount),
      set: (value) => void values.set(full, value),
    };
  }

  #join(name: string): string {
    const clean = name.replaceAll(":", "_");
    if (this.#prefix === "") return clean;
    return clean === "" ? this.#prefix : `${this.#prefix}.${clean}`;
  }
}
