import { printable } from "./printable.ts";
import { humanDuration } from "./text-table.ts";
import type { JsonRow } from "./top-rows.ts";

/** One column of a listing's table: its heading and the field that it shows. */
export interface ListingColumn {
  readonly title: string;
  /** As in JSON. */
  readonly field: string;
  /** Default `text`, which shows whatever is there. */
  readonly as?: "text" | "duration" | "bytes" | "fraction";
}

/** Lays rows out as a table whose widths are found from the first rows; later ones that are wider stand out. */
export class ListingTable {
  readonly #columns: readonly ListingColumn[];
  readonly #widths: number[];

  /** `first` are the rows that the widths are found from. */
  constructor(columns: readonly ListingColumn[], first: readonly JsonRow[]) {
    this.#columns = columns;
    this.#widths = columns.map(({ title }) => title.length);
    for (const row of first) {
      for (const [i, column] of columns.entries()) {
        this.#widths[i] = Math.max(this.#widths[i]!, cell(column, row).length);
      }
    }
  }

  head(): string {
    return this.#line(this.#columns.map(({ title }) => title));
  }

  line(row: JsonRow): string {
    return this.#line(this.#columns.map((column) => cell(column, row)));
  }

  #line(cells: readonly string[]): string {
    return `${cells
      .map((text, i) => text.padEnd(this.#widths[i]!))
      .join("  ")
      .trimEnd()}\n`;
  }
}

function cell({ field, as }: ListingColumn, row: JsonRow): string {
  const value = row[field];
  if (typeof value !== "number") return value === "" || value === undefined ? "-" : printable(String(value));
  switch (as) {
    case "duration":
      return value < 0 ? "-" : humanDuration(value);
    case "bytes":
      return humanBytes(value);
    case "fraction":
      return value.toFixed(1);
    default:
      return String(value);
  }
}

/** A number of bytes for people: `512`, `3.4k`, `12.0M`. */
function humanBytes(bytes: number): string {
  if (bytes < 1024) return String(bytes);
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)}k`;
  return `${(bytes / 1024 / 1024).toFixed(1)}M`;
}
