const FIRST_CAPACITY = 16;

/**
 * A map from numbers that are given out one after the other, like the ids of streams. Entries come and go all the time, a few are there at once: what a
 * `Map` is not made for. V8's leave a trail of their former tables behind, each pointing to the next; once the collector of
 * young objects has taken the first one for an old object, it keeps all that follow, with whatever they held. A proxy of HTTP/2 was seen to
 * spend half its time on that. Open addressing; order is not kept.
 */
export class IdMap<T> {
  #ids = new Float64Array(FIRST_CAPACITY);
  #values: (T | undefined)[] = new Array(FIRST_CAPACITY).fill(undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(id: number): T | undefined {
    return this.#values[this.#placeOf(id)];
  }

  has(id: number): boolean {
    return this.get(id) !== undefined;
  }

  /** Adds or replaces. */
  set(id: number, value: T): void {
    let at = this.#placeOf(id);
    if (this.#values[at] === undefined) {
      if (this.#size * 2 >= this.#ids.length) {
        this.#grow();
        at = this.#placeOf(id);
      }
      this.#size++;
    }
    this.#ids[at] = id;
    this.#values[at] = value;
  }

  /** Answers whether it was there. */
  delete(id: number): boolean {
    let gap = this.#placeOf(id);
    if (this.#values[gap] === undefined) return false;
    this.#size--;
    const mask = this.#ids.length - 1;
    // Those behind the gap that could not get their own place move up, so that none is behind a gap.
    for (let at = (gap + 1) & mask; this.#values[at] !== undefined; at = (at + 1) & mask) {
      const home = this.#homeOf(this.#ids[at]!);
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      this.#ids[gap] = this.#ids[at]!;
      this.#values[gap] = this.#values[at];
      gap = at;
    }
    this.#values[gap] = undefined;
    return true;
  }

  /** All values, as they are now. */
  values(): T[] {
    const all: T[] = [];
    for (const value of this.#values) if (value !== undefined) all.push(value);
    return all;
  }

  /** Where `id` is, or would be put. */
  #placeOf(id: number): number {
    const mask = this.#ids.length - 1;
    let at = this.#homeOf(id);
    while (this.#values[at] !== undefined && this.#ids[at] !== id) at = (at + 1) & mask;
    return at;
  }

  /** One side of a connection gives out every other number. */
  #homeOf(id: number): number {
    return (id >>> 1) & (this.#ids.length - 1);
  }

  #grow(): void {
    const [ids, values] = [this.#ids, this.#values];
    this.#ids = new Float64Array(ids.length * 2);
    this.#values = new Array(ids.length * 2).fill(undefined);
    for (let i = 0; i < ids.length; i++) {
      if (values[i] === undefined) continue;
      const at = this.#placeOf(ids[i]!);
      this.#ids[at] = ids[i]!;
      this.#values[at] = values[i];
    }
  }
}
