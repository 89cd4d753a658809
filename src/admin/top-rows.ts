/** A row of a listing, as JSON has it. */
export type JsonRow = Readonly<Record<string, unknown>>;

/**
 * The first rows of a long listing by one field, without keeping all: the largest number first, texts from A. Rows that are equal stay
 * in the order in which they came.
 */
export class TopRows {
  readonly #field: string;
  readonly #keep: number;
  #rows: JsonRow[] = [];

  /** Keeps `keep` rows, and for a moment at most twice as many and 1000. */
  constructor(field: string, keep: number) {
    this.#field = field;
    this.#keep = keep;
  }

  add(row: JsonRow): void {
    this.#rows.push(row);
    if (this.#rows.length >= this.#keep * 2 + 1000) this.#cut();
  }

  /** In order. */
  rows(): readonly JsonRow[] {
    this.#cut();
    return this.#rows;
  }

  #cut(): void {
    const field = this.#field;
    this.#rows.sort((a, b) => compare(a[field], b[field]));
    this.#rows.length = Math.min(this.#rows.length, this.#keep);
  }
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return b - a;
  const [first, second] = [String(a), String(b)];
  return first < second ? -1 : first > second ? 1 : 0;
}
