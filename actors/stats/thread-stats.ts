import type { StatsDelta } from "../../src/stats/stats-delta.ts";
import type { StatsMerge } from "../../src/stats/stats-merge.ts";
import type { StatsShard } from "../../src/stats/stats-shard.ts";

/** Who reports: a worker's name and the number of its thread. */
export interface ReportingThread {
  readonly worker: string;
  readonly incarnation: number;
}

/** What the stats actor knows of the threads. Outlives restarts of the actor, like the merged stats themselves. */
export class ThreadStats {
  readonly merge: StatsMerge;
  readonly #mainShard: StatsShard;
  readonly #mainSource: number;
  readonly #sources = new Map<string, number>();
  #dropped = 0;

  /** `mainShard` holds what the main thread itself counts. */
  constructor(merge: StatsMerge, mainShard: StatsShard) {
    this.merge = merge;
    this.#mainShard = mainShard;
    this.#mainSource = merge.join();
  }

  /** Worker threads that report at present. */
  get threadCount(): number {
    return this.#sources.size;
  }

  /** Reports of threads that were unknown or gone. */
  get droppedCount(): number {
    return this.#dropped;
  }

  joined(thread: ReportingThread): void {
    if (!this.#sources.has(keyOf(thread))) this.#sources.set(keyOf(thread), this.merge.join());
  }

  reported(thread: ReportingThread, delta: StatsDelta, newMemory: readonly SharedArrayBuffer[]): void {
    const source = this.#sources.get(keyOf(thread));
    if (source === undefined) {
      this.#dropped++;
      return;
    }
    this.merge.shareMemory(source, newMemory);
    this.merge.apply(source, delta);
  }

  left(thread: ReportingThread): void {
    const source = this.#sources.get(keyOf(thread));
    if (source === undefined) return;
    this.#sources.delete(keyOf(thread));
    this.merge.leave(source);
  }

  /** Takes in what the main thread counted and reads what the workers stand at. */
  bringUpToDate(): void {
    this.merge.apply(this.#mainSource, this.#mainShard.takeDelta());
    this.merge.readSharedMemory();
  }
}

function keyOf({ worker, incarnation }: ReportingThread): string {
  return `${worker}#${incarnation}`;
}
