/** What an entry costs beside its name and value (RFC 7541 §4.1). */
export const ENTRY_OVERHEAD_BYTES = 32;

/** What is known to be wrong with a field; see `HpackDecoder`. */
export type FieldProblem = "" | "name" | "value";

/**
 * The dynamic table of one direction (RFC 7541 §2.3.2), as the decoder uses it: fields by their age. A ring, so that the
 * oldest leaves and the newest enters in constant time.
 */
export class DynamicTable {
  #names: string[] = [];
  #values: string[] = [];
  #problems: FieldProblem[] = [];
  /** Where the oldest entry stands. */
  #first = 0;
  #count = 0;
  #sizeBytes = 0;
  #limitBytes: number;

  /** `limitBytes`: 4096 until the peers agree on something else. */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get count(): number {
    return this.#count;
  }

  /** As the RFC counts it. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  get limitBytes(): number {
    return this.#limitBytes;
  }

  /** Evicts what no longer fits. */
  setLimit(limitBytes: number): void {
    this.#limitBytes = limitBytes;
    this.#evictTo(limitBytes);
  }

  /** Adds a field; one that is larger than the table empties it. */
  add(name: string, value: string, problem: FieldProblem): void {
    const size = name.length + value.length + ENTRY_OVERHEAD_BYTES;
    this.#evictTo(this.#limitBytes - size);
    if (size > this.#limitBytes) return;
    if (this.#count === this.#names.length) this.#grow();
    const at = (this.#first + this.#count++) & (this.#names.length - 1);
    this.#names[at] = name;
    this.#values[at] = value;
    this.#problems[at] = problem;
    this.#sizeBytes += size;
  }

  /** `age` 0 is the newest; must be below `count`. */
  name(age: number): string {
    return this.#names[this.#position(age)]!;
  }
  value(age: number): string {
    return this.#values[this.#position(age)]!;
  }
  problem(age: number): FieldProblem {
    return this.#problems[this.#position(age)]!;
  }

  #position(age: number): number {
    return (this.#first + this.#count - 1 - age) & (this.#names.length - 1);
  }

  #evictTo(bytes: number): void {
    while (this.#count > 0 && this.#sizeBytes > bytes) {
      const at = this.#first;
      this.#sizeBytes -= this.#names[at]!.length + this.#values[at]!.length + ENTRY_OVERHEAD_BYTES;
      // Let go of the strings.
      this.#names[at] = "";
      this.#values[at] = "";
      this.#first = (at + 1) & (this.#names.length - 1);
      this.#count--;
    }
  }

  #grow(): void {
    const capacity = Math.max(16, this.#names.length * 2);
    this.#names = unrolled(this.#names, this.#first, capacity, "");
    this.#values = unrolled(this.#values, this.#first, capacity, "");
    this.#problems = unrolled<FieldProblem>(this.#problems, this.#first, capacity, "");
    this.#first = 0;
  }
}

/** A full ring's items, oldest first, with room behind them. */
function unrolled<T>(ring: readonly T[], first: number, capacity: number, empty: T): T[] {
  const items = [...ring.slice(first), ...ring.slice(0, first)];
  while (items.length < capacity) items.push(empty);
  return items;
}
