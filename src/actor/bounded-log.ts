/** The last `capacity` entries of something, oldest overwritten first. */
export class BoundedLog<T> {
  readonly capacity: number;
  readonly #entries: T[] = [];
  /** Where the next entry goes once the log is full. */
  #next = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get length(): number {
    return this.#entries.length;
  }

  add(entry: T): void {
    if (this.capacity === 0) return;
    if (this.#entries.length < this.capacity) {
      this.#entries.push(entry);
      return;
    }
    this.#entries[this.#next] = entry;
    this.#next = (this.#next + 1) % this.capacity;
  }

  last(): T | undefined {
    return this.#next === 0 ? this.#entries.at(-1) : this.#entries[this.#next - 1];
  }

  /** Oldest first. */
  toArray(): T[] {
    return [...this.#entries.slice(this.#next), ...this.#entries.slice(0, this.#next)];
  }
}
