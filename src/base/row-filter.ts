/** Rows of a listing: what it shows of each, by name. */
export type ListedRow = object;

/** Which rows of a listing are wanted. */
export interface RowQuery {
  /** A part of any text in the row, whatever its case; empty = all. */
  readonly text: string;
  /** Fields that must be exactly so, as text. */
  readonly fields: Readonly<Record<string, string>>;
}

/** The test that a query makes of each row. A field that a row lacks is never as wanted. */
export function rowFilter({ text, fields }: RowQuery): (row: ListedRow) => boolean {
  const wanted = text.toLowerCase();
  const exact = Object.entries(fields);
  if (wanted === "" && exact.length === 0) return () => true;
  return (row) => {
    const values = row as Readonly<Record<string, unknown>>;
    for (const [name, value] of exact) if (!Object.hasOwn(values, name) || String(values[name]) !== value) return false;
    return wanted === "" || Object.values(values).some((each) => contains(each, wanted));
  };
}

function contains(value: unknown, wanted: string): boolean {
  return typeof value === "string" && value.toLowerCase().includes(wanted);
}
