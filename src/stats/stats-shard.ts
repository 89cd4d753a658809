import { CELLS_PER_CHUNK, NumberCells } from "./number-cells.ts";
import type { Counter, Gauge, GaugeMergeMode, Histogram, HistogramUnit, StatsScope, TextReadout } from "./scope.ts";
import type { ShardEntries, ShardEntry } from "./shard-entry.ts";
import { CellCounter, CellGauge, ShardHistogram, ShardTextReadout } from "./shard-handles.ts";
import { ShardScope } from "./shard-scope.ts";
import { COUNTER_CODE, gaugeCode, histogramCode, type StatType, TEXT_READOUT_CODE } from "./stat-kind.ts";
import type { StatsDelta } from "./stats-delta.ts";
import type { StatsMatcher } from "./stats-matcher.ts";

/**
 * All stats of one thread. Code that counts gets handles from its scopes; every flush interval the owner takes a delta
 * and sends it to the thread that merges. The owner must not take the next delta before the last one has been
 * accepted, so that a slow receiver never makes deltas pile up.
 */
export class StatsShard implements ShardEntries {
  readonly #matcher: StatsMatcher;
  readonly #cells = new NumberCells();
  readonly #counters = new Map<string, ShardEntry<CellCounter>>();
  readonly #gauges = new Map<string, ShardEntry<CellGauge>>();
  readonly #histograms = new Map<string, ShardEntry<ShardHistogram>>();
  readonly #texts = new Map<string, ShardEntry<ShardTextReadout>>();
  readonly #gaugeIds = new Set<number>();
  readonly #freeIds: number[] = [];
  #nextId = 0;
  #added = { ids: [] as number[], kinds: [] as number[], names: [] as string[] };
  #removed: number[] = [];
  readonly #changedHistograms: ShardHistogram[] = [];
  #warmHistograms: ShardHistogram[] = [];
  readonly #changedTexts = new Map<number, string>();

  /** Stats whose names `matcher` rejects get handles that nobody reads. */
  constructor(matcher: StatsMatcher) {
    this.#matcher = matcher;
  }

  /** How many stats exist on this thread. */
  get size(): number {
    return this.#counters.size + this.#gauges.size + this.#histograms.size + this.#texts.size;
  }

  /** A scope at the top of the tree, or below it if `prefix` is given. */
  scope(prefix = ""): StatsScope {
    return new ShardScope(this, prefix);
  }

  /** @internal For `ShardScope`: the entry of that full name, or undefined if its name is rejected. */
  counter(name: string): ShardEntry<Counter> | undefined {
    return (
      this.#counters.get(name) ??
      this.#add(this.#counters, "counter", COUNTER_CODE, name, (id) => {
        return new CellCounter(this.#cells.chunkOf(id), id % CELLS_PER_CHUNK);
      })
    );
  }

  /** @internal */
  gauge(name: string, merge: GaugeMergeMode): ShardEntry<Gauge> | undefined {
    return (
      this.#gauges.get(name) ??
      this.#add(this.#gauges, "gauge", gaugeCode(merge), name, (id) => {
        return new CellGauge(this.#cells.chunkOf(id), id % CELLS_PER_CHUNK);
      })
    );
  }

  /** @internal */
  histogram(name: string, unit: HistogramUnit): ShardEntry<Histogram> | undefined {
    return (
      this.#histograms.get(name) ??
      this.#add(this.#histograms, "histogram", histogramCode(unit), name, (id) => {
        return new ShardHistogram(id, this.#changedHistograms);
      })
    );
  }

  /** @internal */
  textReadout(name: string): ShardEntry<TextReadout> | undefined {
    return (
      this.#texts.get(name) ??
      this.#add(this.#texts, "textReadout", TEXT_READOUT_CODE, name, (id) => {
        return new ShardTextReadout(id, this.#changedTexts);
      })
    );
  }

  /** @internal Called when the last scope has let go of an entry. */
  remove(entry: ShardEntry<unknown>): void {
    this.#mapOf(entry.type).delete(entry.name);
    entry.handle.detach();
    this.#removed.push(entry.id);
  }

  /** Takes what changed since the last call. Empty (`isEmptyDelta`) if nothing did. */
  takeDelta(): StatsDelta {
    const counters: number[] = [];
    const gauges: number[] = [];
    this.#cells.eachChange((id, value) => {
      if (this.#gaugeIds.has(id)) gauges.push(id, value);
      else counters.push(id, value);
    });
    const delta: StatsDelta = {
      addedIds: this.#added.ids,
      addedKinds: this.#added.kinds,
      addedNames: this.#added.names,
      counters,
      gauges,
      histograms: this.#flushHistograms(),
      textIds: [...this.#changedTexts.keys()],
      texts: [...this.#changedTexts.values()],
      removed: this.#removed,
    };
    this.#added = { ids: [], kinds: [], names: [] };
    this.#changedTexts.clear();
    this.#recycle(this.#removed);
    this.#removed = [];
    return delta;
  }

  /**
   * The memory that counters and gauges gained since the last call. Sent beside a delta (structured clone only), it
   * lets the receiver read the counts of this thread at any time, also after a crash; see `StatsMerge.shareMemory`.
   */
  takeNewMemory(): SharedArrayBuffer[] {
    return this.#cells.takeNewMemory();
  }

  #add<H>(
    map: Map<string, ShardEntry<H>>,
    type: StatType,
    kindCode: number,
    name: string,
    make: (id: number) => H & { detach(): void },
  ): ShardEntry<H> | undefined {
    if (!this.#matcher.accepts(name)) return undefined;
    const id = this.#freeIds.pop() ?? this.#nextId++;
    const entry = { id, type, name, handle: make(id), holders: 0 };
    if (type === "gauge") this.#gaugeIds.add(id);
    map.set(name, entry);
    this.#added.ids.push(id);
    this.#added.kinds.push(kindCode);
    this.#added.names.push(name);
    return entry;
  }

  #mapOf(type: StatType): Map<string, ShardEntry<unknown>> {
    switch (type) {
      case "counter":
        return this.#counters;
      case "gauge":
        return this.#gauges;
      case "histogram":
        return this.#histograms;
      case "textReadout":
        return this.#texts;
    }
  }

  #flushHistograms(): number[] {
    const out: number[] = [];
    for (const histogram of this.#warmHistograms) histogram.cool();
    this.#warmHistograms = this.#changedHistograms.splice(0);
    for (const histogram of this.#warmHistograms) histogram.flushInto(out);
    return out;
  }

  /** Numbers are handed out again only after the delta that reports their last values and their removal. */
  #recycle(ids: readonly number[]): void {
    for (const id of ids) {
      this.#gaugeIds.delete(id);
      this.#cells.clear(id);
      this.#freeIds.push(id);
    }
  }
}
