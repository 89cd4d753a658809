/**
 * Earliest-deadline-first order of weighted entries: an entry of weight w comes up w times as often as one of weight 1, as
 * evenly spread as can be. Entries are numbers 0 … n-1. A pick costs O(log n) and allocates nothing.
 * Source: Envoy's `EdfScheduler`; ties go to the entry that was put back first, as there.
 */
export class EdfScheduler {
  /** Binary heap of entries; the next one is at 0. */
  readonly #heap: Uint32Array;
  /** By entry: when it is due. */
  readonly #deadlines: Float64Array;
  /** By entry: running number of its last insertion, which breaks ties. */
  readonly #orders: Float64Array;
  #insertions: number;

  /** `weights` must be above 0. */
  constructor(weights: readonly number[]) {
    const count = weights.length;
    this.#heap = Uint32Array.from({ length: count }, (_, entry) => entry);
    this.#deadlines = Float64Array.from(weights, (weight) => 1 / weight);
    this.#orders = Float64Array.from({ length: count }, (_, entry) => entry);
    this.#insertions = count;
    for (let at = (count >> 1) - 1; at >= 0; at--) this.#siftDown(at);
  }

  /** The entry that is due. There must be one. It stays due until `putBack`. */
  peek(): number {
    return this.#heap[0]!;
  }

  /** Puts the due entry back, to come up again after `1 / weight`. */
  putBack(weight: number): void {
    const entry = this.#heap[0]!;
    this.#deadlines[entry] = this.#deadlines[entry]! + 1 / weight;
    this.#orders[entry] = this.#insertions++;
    this.#siftDown(0);
  }

  #siftDown(start: number): void {
    const heap = this.#heap;
    const count = heap.length;
    const entry = heap[start]!;
    let at = start;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= count) break;
      if (child + 1 < count && this.#before(heap[child + 1]!, heap[child]!)) child++;
      if (!this.#before(heap[child]!, entry)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = entry;
  }

  #before(a: number, b: number): boolean {
    const deadlineA = this.#deadlines[a]!;
    const deadlineB = this.#deadlines[b]!;
    return deadlineA < deadlineB || (deadlineA === deadlineB && this.#orders[a]! < this.#orders[b]!);
  }
}
