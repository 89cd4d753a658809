import type { ComponentChild, VNode } from "preact";
import { html } from "./html.ts";

/** A column of a table. */
export interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => ComponentChild;
  /** Numbers stand at the right. */
  readonly number?: boolean;
  /** A sentence, which may be broken into lines. */
  readonly text?: boolean;
  /** Makes the column's head a button that sorts by it. */
  readonly sort?: string;
}

/** What a table shows. */
export interface DataTableProps<Row> {
  readonly caption: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  readonly rowClass?: (row: Row) => string;
  readonly sortedBy?: string;
  readonly onSort?: (sort: string) => void;
  /** Said instead of rows if there are none. */
  readonly empty: string;
}

/** A table that scrolls sideways where the screen is narrow. */
export function dataTable<Row>(props: DataTableProps<Row>): VNode {
  const { caption, columns, rows, rowKey, rowClass, empty } = props;
  return html`<div class="table" tabindex="0" role="region" aria-label=${caption}>
    <table>
      <caption><span class="caption">${caption}</span></caption>
      <thead><tr>${columns.map((column) => headCell(column, props))}</tr></thead>
      <tbody>
        ${rows.map(
          (row) => html`<tr key=${rowKey(row)} class=${rowClass?.(row) ?? ""}>
            ${columns.map((column) => html`<td class=${classOf(column)}>${column.cell(row)}</td>`)}
          </tr>`,
        )}
        ${rows.length === 0 && html`<tr><td class="note" colspan=${columns.length}>${empty}</td></tr>`}
      </tbody>
    </table>
  </div>` as VNode;
}

function classOf<Row>({ number, text }: Column<Row>): string {
  if (number === true) return "number";
  return text === true ? "text" : "";
}

function headCell<Row>(column: Column<Row>, { sortedBy, onSort }: DataTableProps<Row>): unknown {
  const { head, sort } = column;
  const kind = classOf(column);
  if (sort === undefined || onSort === undefined) return html`<th scope="col" class=${kind}>${head}</th>`;
  return html`<th scope="col" class=${kind} aria-sort=${sortedBy === sort ? "descending" : undefined}>
    <button class="plain" onClick=${() => onSort(sort)}>${head}${sortedBy === sort ? " ↓" : ""}</button>
  </th>`;
}
