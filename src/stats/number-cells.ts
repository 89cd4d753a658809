/** Cells in a chunk. */
export const CELLS_PER_CHUNK = 1024;

/** A block of the cells that counters and gauges write to. */
export interface CellChunk {
  /** Shared memory, so that the main thread can read the counts of a worker that is busy, stuck or gone. */
  readonly values: Float64Array<SharedArrayBuffer>;
  /** What the last flush has reported. */
  readonly reported: Float64Array;
  /** Set to 1 by each write to a gauge, because a gauge set to the value it has is in use all the same. */
  readonly touched: Uint8Array;
}

/**
 * The numbers of one thread's counters and gauges, in typed arrays: a handle writes one element, and a flush finds
 * what changed by one pass over them (about 0.3 ms for 100,000).
 */
export class NumberCells {
  readonly #chunks: CellChunk[] = [];
  #unsent = 0;

  /** The chunk that holds the cell with this number; made if there is none yet. */
  chunkOf(id: number): CellChunk {
    const at = Math.floor(id / CELLS_PER_CHUNK);
    while (this.#chunks.length <= at) {
      this.#chunks.push({
        values: new Float64Array(new SharedArrayBuffer(CELLS_PER_CHUNK * Float64Array.BYTES_PER_ELEMENT)),
        reported: new Float64Array(CELLS_PER_CHUNK),
        touched: new Uint8Array(CELLS_PER_CHUNK),
      });
    }
    return this.#chunks[at]!;
  }

  /** Calls `report` for each cell that changed or was touched since the last call, then forgets the changes. */
  eachChange(report: (id: number, value: number) => void): void {
    for (let c = 0; c < this.#chunks.length; c++) {
      const { values, reported, touched } = this.#chunks[c]!;
      for (let i = 0; i < CELLS_PER_CHUNK; i++) {
        const value = values[i]!;
        if (value === reported[i] && touched[i] === 0) continue;
        report(c * CELLS_PER_CHUNK + i, value);
        reported[i] = value;
        touched[i] = 0;
      }
    }
  }

  /** Makes a cell ready for another stat. */
  clear(id: number): void {
    const chunk = this.chunkOf(id);
    const at = id % CELLS_PER_CHUNK;
    chunk.values[at] = 0;
    chunk.reported[at] = 0;
    chunk.touched[at] = 0;
  }

  /** The memory of the chunks that were made since the last call, in order. */
  takeNewMemory(): SharedArrayBuffer[] {
    const fresh = this.#chunks.slice(this.#unsent).map((chunk) => chunk.values.buffer);
    this.#unsent = this.#chunks.length;
    return fresh;
  }
}
