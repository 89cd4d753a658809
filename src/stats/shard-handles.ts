import { BUCKETS_PER_DECADE, bucketOf, DECADE_COUNT, ZERO_BUCKET } from "./log-linear-bucket.ts";
import type { CellChunk } from "./number-cells.ts";
import type { Counter, Gauge, Histogram, TextReadout } from "./scope.ts";

/** Where writes through released handles end up: nobody reads it. */
const SINK: CellChunk = {
  values: new Float64Array(new SharedArrayBuffer(8)),
  reported: new Float64Array(1),
  touched: new Uint8Array(1),
};

/** A counter that is one cell of its thread's memory. */
export class CellCounter implements Counter {
  private cells: Float64Array;
  private at: number;

  constructor(chunk: CellChunk, at: number) {
    this.cells = chunk.values;
    this.at = at;
  }

  inc(): void {
    this.cells[this.at]!++;
  }

  add(amount: number): void {
    this.cells[this.at]! += amount;
  }

  /** From now on writes go nowhere, so that a stale handle can't count for the cell's next owner. */
  detach(): void {
    this.cells = SINK.values;
    this.at = 0;
  }
}

/** A gauge that is one cell of its thread's memory. */
export class CellGauge implements Gauge {
  private cells: Float64Array;
  private touched: Uint8Array;
  private at: number;

  constructor(chunk: CellChunk, at: number) {
    this.cells = chunk.values;
    this.touched = chunk.touched;
    this.at = at;
  }

  inc(): void {
    this.cells[this.at]!++;
    this.touched[this.at] = 1;
  }

  dec(): void {
    this.cells[this.at]!--;
    this.touched[this.at] = 1;
  }

  add(amount: number): void {
    this.cells[this.at]! += amount;
    this.touched[this.at] = 1;
  }

  sub(amount: number): void {
    this.cells[this.at]! -= amount;
    this.touched[this.at] = 1;
  }

  set(value: number): void {
    this.cells[this.at] = value;
    this.touched[this.at] = 1;
  }

  detach(): void {
    this.cells = SINK.values;
    this.touched = SINK.touched;
    this.at = 0;
  }
}

/** Counts the values of one flush interval by bucket. Powers of ten without values take no memory. */
export class ShardHistogram implements Histogram {
  readonly id: number;
  readonly #changed: ShardHistogram[];
  readonly #decades: (Uint32Array | undefined)[] = new Array(DECADE_COUNT);
  #zeroes = 0;
  #sum = 0;
  #queued = false;
  #detached = false;

  /** `changed` is the shard's list of histograms with something to report. */
  constructor(id: number, changed: ShardHistogram[]) {
    this.id = id;
    this.#changed = changed;
  }

  record(value: number): void {
    if (!(value >= 0 && value < Number.POSITIVE_INFINITY) || this.#detached) return;
    if (!this.#queued) {
      this.#queued = true;
      this.#changed.push(this);
    }
    this.#sum += value;
    const bucket = bucketOf(value);
    if (bucket === ZERO_BUCKET) {
      this.#zeroes++;
      return;
    }
    const decade = Math.floor((bucket - 1) / BUCKETS_PER_DECADE);
    let counts = this.#decades[decade];
    if (counts === undefined) {
      counts = new Uint32Array(BUCKETS_PER_DECADE);
      this.#decades[decade] = counts;
    }
    counts[(bucket - 1) % BUCKETS_PER_DECADE]!++;
  }

  /** Appends what was recorded to a delta's `histograms` and starts the next interval. */
  flushInto(out: number[]): void {
    const start = out.length;
    out.push(this.id, this.#sum, 0);
    let buckets = 0;
    if (this.#zeroes > 0) {
      out.push(ZERO_BUCKET, this.#zeroes);
      buckets++;
    }
    for (let decade = 0; decade < DECADE_COUNT; decade++) {
      const counts = this.#decades[decade];
      if (counts === undefined) continue;
      let found = 0;
      for (let i = 0; i < BUCKETS_PER_DECADE; i++) {
        if (counts[i] === 0) continue;
        out.push(1 + decade * BUCKETS_PER_DECADE + i, counts[i]!);
        counts[i] = 0;
        found++;
      }
      // Kept while values keep coming, given back after an interval without.
      if (found === 0) this.#decades[decade] = undefined;
      buckets += found;
    }
    out[start + 2] = buckets;
    this.#zeroes = 0;
    this.#sum = 0;
    this.#queued = false;
  }

  /** Drops the memory that the last interval needed, unless there are new values already. */
  cool(): void {
    if (!this.#queued) this.#decades.fill(undefined);
  }

  detach(): void {
    this.#detached = true;
  }
}

/** A text readout that reports its text when it changed. */
export class ShardTextReadout implements TextReadout {
  readonly id: number;
  readonly #changed: Map<number, string>;
  #text = "";
  #detached = false;

  constructor(id: number, changed: Map<number, string>) {
    this.id = id;
    this.#changed = changed;
  }

  set(text: string): void {
    if (text === this.#text || this.#detached) return;
    this.#text = text;
    this.#changed.set(this.id, text);
  }

  detach(): void {
    this.#detached = true;
  }
}
