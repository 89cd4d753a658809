import { CellIndex } from "./cell-index.ts";
import { CounterCell, GaugeCell, HistogramCell, type MergeCell, type StatsSource, TextCell } from "./merge-cells.ts";
import type { MergedCounter, MergedGauge, MergedHistogram, MergedTextReadout, StatsSnapshot } from "./merged-stat.ts";
import { CELLS_PER_CHUNK } from "./number-cells.ts";
import { kindOfCode, type StatKind } from "./stat-kind.ts";
import type { StatsDelta } from "./stats-delta.ts";

/** How many stats of threads that are gone are kept for threads that may come back; the oldest are let go first. */
const MAX_ORPHANS = 100_000;

/** What is known of one thread's stats, by the thread's own numbers for them. */
interface SourceState {
  readonly cells: (MergeCell | undefined)[];
  /** How much of each counter is added already. */
  readonly received: number[];
  readonly memory: Float64Array[];
}

/**
 * Puts the stats of all threads together. Counters and histograms of a thread that is gone are carried over; its
 * gauges end with it. Main thread.
 */
export class StatsMerge implements StatsSnapshot {
  readonly #sources = new Map<StatsSource, SourceState>();
  readonly #counters = new CellIndex<CounterCell>();
  readonly #gauges = new CellIndex<GaugeCell>();
  readonly #histograms = new CellIndex<HistogramCell>();
  readonly #texts = new CellIndex<TextCell>();
  readonly #orphans = new Set<MergeCell>();
  #turning = new Set<HistogramCell>();
  #nextSource = 0;

  /** Announces a thread; the answer names it from now on. */
  join(): StatsSource {
    const source = this.#nextSource++;
    this.#sources.set(source, { cells: [], received: [], memory: [] });
    return source;
  }

  /**
   * A thread is gone. If it has shared its memory, what it counted since its last delta is added now. Deltas from it
   * that arrive later are ignored.
   */
  leave(source: StatsSource): void {
    const state = this.#sources.get(source);
    if (state === undefined) return;
    this.#sources.delete(source);
    readMemory(source, state);
    for (const cell of state.cells) {
      if (cell === undefined) continue;
      cell.drop(source);
      cell.holders--;
      if (cell.holders === 0) this.#orphans.add(cell);
    }
    this.#limitOrphans();
  }

  /**
   * Reads what the counters and gauges of all threads stand at now from the memory they have shared. No thread has to
   * do anything for it, so it works for one that is stuck.
   */
  readSharedMemory(): void {
    for (const [source, state] of this.#sources) readMemory(source, state);
  }

  /** Takes over memory from `StatsShard.takeNewMemory`, in the same order. */
  shareMemory(source: StatsSource, memory: readonly SharedArrayBuffer[]): void {
    const state = this.#sources.get(source);
    for (const buffer of memory) state?.memory.push(new Float64Array(buffer));
  }

  /** Adds what a thread reports. Numbers that were never announced are ignored. */
  apply(source: StatsSource, delta: StatsDelta): void {
    const state = this.#sources.get(source);
    if (state === undefined) return;
    for (let i = 0; i < delta.addedIds.length; i++) {
      const kind = kindOfCode(delta.addedKinds[i]!);
      if (kind !== undefined) this.#hold(state, delta.addedIds[i]!, kind, delta.addedNames[i]!);
    }
    for (let i = 0; i < delta.counters.length; i += 2) {
      const cell = state.cells[delta.counters[i]!];
      if (cell?.type === "counter") advance(state, delta.counters[i]!, cell, delta.counters[i + 1]!);
    }
    for (let i = 0; i < delta.gauges.length; i += 2) {
      const cell = state.cells[delta.gauges[i]!];
      if (cell?.type === "gauge") cell.set(source, delta.gauges[i + 1]!);
    }
    this.#applyHistograms(state, delta.histograms);
    for (let i = 0; i < delta.textIds.length; i++) {
      const cell = state.cells[delta.textIds[i]!];
      if (cell?.type === "textReadout") cell.set(delta.texts[i]!);
    }
    for (const id of delta.removed) this.#letGo(source, state, id);
  }

  /** Ends the interval of the histograms. Call once per flush interval, after that interval's deltas. */
  flush(): void {
    const still = new Set<HistogramCell>();
    for (const cell of this.#turning) if (cell.turn()) still.add(cell);
    this.#turning = still;
  }

  /** Sets all counters to zero (`/reset_counters`). They stay in use. */
  resetCounters(): void {
    for (const cell of this.#counters.values()) cell.value = 0;
  }

  /** How many stats there are. */
  get size(): number {
    return this.#counters.size + this.#gauges.size + this.#histograms.size + this.#texts.size;
  }

  /** What a counter stands at, as of the last reports; 0 if nobody has one of that name. */
  counterValue(name: string): number {
    return this.#counters.get(name)?.value ?? 0;
  }

  counters(): readonly MergedCounter[] {
    return this.#counters.inOrder();
  }

  gauges(): readonly MergedGauge[] {
    return this.#gauges.inOrder();
  }

  histograms(): readonly MergedHistogram[] {
    return this.#histograms.inOrder();
  }

  textReadouts(): readonly MergedTextReadout[] {
    return this.#texts.inOrder();
  }

  #hold(state: SourceState, id: number, kind: StatKind, name: string): void {
    const cell = this.#find(kind, name);
    cell.holders++;
    this.#orphans.delete(cell);
    state.cells[id] = cell;
    state.received[id] = 0;
  }

  #find(kind: StatKind, name: string): MergeCell {
    switch (kind.type) {
      case "counter":
        return this.#counters.getOrMake(name, () => new CounterCell(name));
      case "gauge":
        return this.#gauges.getOrMake(name, () => new GaugeCell(name, kind.merge));
      case "histogram":
        return this.#histograms.getOrMake(name, () => new HistogramCell(name, kind.unit));
      case "textReadout":
        return this.#texts.getOrMake(name, () => new TextCell(name));
    }
  }

  #applyHistograms(state: SourceState, numbers: readonly number[]): void {
    let at = 0;
    while (at < numbers.length) {
      const cell = state.cells[numbers[at]!];
      const sum = numbers[at + 1]!;
      const end = at + 3 + 2 * numbers[at + 2]!;
      if (cell?.type === "histogram") {
        cell.addSum(sum);
        for (let i = at + 3; i < end; i += 2) cell.addBucket(numbers[i]!, numbers[i + 1]!);
        this.#turning.add(cell);
      }
      at = end;
    }
  }

  #letGo(source: StatsSource, state: SourceState, id: number): void {
    const cell = state.cells[id];
    if (cell === undefined) return;
    state.cells[id] = undefined;
    state.received[id] = 0;
    cell.drop(source);
    cell.holders--;
    if (cell.holders === 0) this.#delete(cell);
  }

  #limitOrphans(): void {
    for (const cell of this.#orphans) {
      if (this.#orphans.size <= MAX_ORPHANS) break;
      this.#delete(cell);
    }
  }

  #delete(cell: MergeCell): void {
    this.#orphans.delete(cell);
    if (cell.type === "counter") this.#counters.delete(cell.name);
    else if (cell.type === "gauge") this.#gauges.delete(cell.name);
    else if (cell.type === "textReadout") this.#texts.delete(cell.name);
    else {
      this.#turning.delete(cell);
      this.#histograms.delete(cell.name);
    }
  }
}

/** Brings a counter up to what its thread has counted in all. Older news than what is known is ignored. */
function advance(state: SourceState, id: number, cell: CounterCell, total: number): void {
  const known = state.received[id] ?? 0;
  if (total <= known) return;
  cell.add(total - known);
  state.received[id] = total;
}

function readMemory(source: StatsSource, state: SourceState): void {
  for (let id = 0; id < state.cells.length; id++) {
    const cell = state.cells[id];
    const value = state.memory[Math.floor(id / CELLS_PER_CHUNK)]?.[id % CELLS_PER_CHUNK];
    if (value === undefined) continue;
    if (cell?.type === "counter") advance(state, id, cell, value);
    else if (cell?.type === "gauge") cell.catchUp(source, value);
  }
}
