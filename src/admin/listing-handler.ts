import {
  type AdminHandler,
  type AdminParam,
  type AdminRequest,
  type AdminResponse,
  JSON_TYPE,
  textResponse,
  wantsJson,
} from "./admin-handler.ts";
import { type ListingColumn, ListingTable } from "./listing-columns.ts";
import type { ListingPart, ListingQuery, ListingsView } from "./listings-view.ts";
import { printable } from "./printable.ts";
import { camelName, snakeRow } from "./snake-row.ts";
import { type JsonRow, TopRows } from "./top-rows.ts";

/** Rows that a table has unless `limit` says otherwise, and a sorted listing in JSON. */
const DEFAULT_LIMIT = 1000;
/** `offset` and `limit` together, of a sorted listing: so many rows are kept and sorted. */
const MAX_SORTED = 5000;
/** Rows that the widths of a table are found from. */
const WIDTH_ROWS = 200;
/** A listing that has to be whole before it is shown takes its time: piece by piece, so that nothing else waits. */
const DEADLINE_MS = 30_000;

/** One listing page. */
export interface Listing {
  /** Its path without the slash, and the field of the rows in JSON. */
  readonly name: "connections" | "streams" | "pools";
  readonly help: string;
  /** Names are those of JSON. */
  readonly columns: readonly ListingColumn[];
  /** Fields that may be asked for by value: `listener=ingress`. */
  readonly filters: readonly string[];
  readonly orders: readonly string[];
}

interface ListingRequest {
  readonly query: ListingQuery;
  readonly order: string;
  readonly offset: number;
  readonly limit: number;
  readonly json: boolean;
}

/** What a page has found so far, beside its rows. */
interface Findings {
  matched: number;
  readonly missing: Map<string, string>;
}

/** A page with the rows of all workers: filtered, sorted, in parts. */
export function listingHandler(view: ListingsView, listing: Listing): AdminHandler {
  const filters = listing.filters.map((name): AdminParam => ({ name, help: `Only this ${name}`, kind: "text" }));
  return {
    path: `/${listing.name}`,
    access: "read",
    help: listing.help,
    params: [
      { name: "filter", help: "Only rows with this text in them", kind: "text" },
      { name: "worker", help: "Only this worker", kind: "text" },
      ...filters,
      { name: "sort", help: "Sort by this; the largest first", kind: listing.orders },
      { name: "limit", help: "Rows at most", kind: "text" },
      { name: "offset", help: "Rows to leave out at the beginning", kind: "text" },
      { name: "format", help: "Format to use", kind: ["text", "json"] },
    ],
    deadlineMs: DEADLINE_MS,
    async handle(request) {
      const asked = readRequest(listing, request);
      if (typeof asked === "string") return textResponse(400, `${asked}\n`);
      const findings: Findings = { matched: 0, missing: new Map() };
      const rows =
        asked.order === "" ? slice(view, listing, asked, findings) : await sorted(view, listing, asked, findings);
      return asked.json ? jsonListing(listing, rows, findings) : textListing(listing, rows, findings);
    },
  };
}

/** A text says what is wrong. */
function readRequest(listing: Listing, request: AdminRequest): ListingRequest | string {
  const { params } = request;
  const order = params.get("sort") ?? "";
  if (order !== "" && !listing.orders.includes(order)) return `sort must be one of ${listing.orders.join(", ")}`;
  const json = wantsJson(request);
  const bounded = order !== "" || !json;
  const limit = wholeNumber(params.get("limit"), bounded ? DEFAULT_LIMIT : Number.POSITIVE_INFINITY);
  const offset = wholeNumber(params.get("offset"), 0);
  if (Number.isNaN(limit) || Number.isNaN(offset)) return "limit and offset must be whole numbers";
  if (order !== "" && offset + limit > MAX_SORTED) {
    return `offset and limit of a sorted listing may be ${MAX_SORTED} together; use filter, or leave sort out`;
  }
  const fields: Record<string, string> = {};
  for (const name of listing.filters) {
    const value = params.get(name);
    if (value !== null && value !== "") fields[camelName(name)] = value;
  }
  const worker = params.get("worker") ?? "";
  const query = { text: params.get("filter") ?? "", fields, ...(worker !== "" && { worker }) };
  return { query, order, offset, limit, json };
}

function wholeNumber(text: string | null, otherwise: number): number {
  if (text === null || text === "") return otherwise;
  return /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
}

async function* matching(
  view: ListingsView,
  { name }: Listing,
  query: ListingQuery,
  findings: Findings,
): AsyncGenerator<JsonRow[]> {
  for await (const part of view.list(name, query)) {
    if ("missing" in part) findings.missing.set(part.worker, part.missing);
    else yield rowsOf(part);
  }
}

function rowsOf(part: Extract<ListingPart, { rows: unknown }>): JsonRow[] {
  return part.rows.map((row) => snakeRow(part.worker, row));
}

/** The rows as they come, without those before `offset`; ends with `limit`. */
async function* slice(
  view: ListingsView,
  listing: Listing,
  { query, offset, limit }: ListingRequest,
  findings: Findings,
): AsyncGenerator<readonly JsonRow[]> {
  for await (const rows of matching(view, listing, query, findings)) {
    const from = Math.max(0, offset - findings.matched);
    const to = offset + limit - findings.matched;
    findings.matched += rows.length;
    yield rows.slice(from, Math.max(from, to));
    if (to < rows.length) return;
  }
}

async function sorted(
  view: ListingsView,
  listing: Listing,
  { query, order, offset, limit }: ListingRequest,
  findings: Findings,
): Promise<Iterable<readonly JsonRow[]>> {
  const top = new TopRows(order, offset + limit);
  for await (const rows of matching(view, listing, query, findings)) {
    findings.matched += rows.length;
    for (const row of rows) top.add(row);
  }
  return [top.rows().slice(offset)];
}

type RowPieces = AsyncIterable<readonly JsonRow[]> | Iterable<readonly JsonRow[]>;

function jsonListing(listing: Listing, pieces: RowPieces, findings: Findings): AdminResponse {
  return { status: 200, contentType: JSON_TYPE, body: jsonPieces(listing, pieces, findings) };
}

async function* jsonPieces({ name }: Listing, pieces: RowPieces, findings: Findings): AsyncGenerator<string> {
  yield `{\n"${name}": [`;
  let returned = 0;
  for await (const rows of pieces) {
    for (const row of rows) yield `${returned++ === 0 ? "\n" : ",\n"}${JSON.stringify(row)}`;
  }
  const missing = [...findings.missing].map(([worker, reason]) => ({ worker, reason }));
  const summary = { returned, matched: findings.matched, partial: missing.length > 0, not_answering: missing };
  yield `\n],\n${JSON.stringify(summary).slice(1, -1)}\n}\n`;
}

function textListing(listing: Listing, pieces: RowPieces, findings: Findings): AdminResponse {
  return textResponse(200, textPieces(listing, pieces, findings));
}

async function* textPieces({ columns, name }: Listing, pieces: RowPieces, findings: Findings): AsyncGenerator<string> {
  let table: ListingTable | null = null;
  let first: JsonRow[] = [];
  let returned = 0;
  const begin = (): string => {
    table = new ListingTable(columns, first);
    const lines = [table.head(), ...first.map((row) => table!.line(row))];
    first = [];
    return lines.join("");
  };
  for await (const rows of pieces) {
    for (const row of rows) {
      returned++;
      if (table !== null) {
        yield (table as ListingTable).line(row);
        continue;
      }
      first.push(row);
      if (first.length === WIDTH_ROWS) yield begin();
    }
  }
  if (table === null) yield begin();
  if (findings.matched > returned)
    yield `\n${returned} of ${findings.matched} ${name} so far; limit and offset show others\n`;
  for (const [worker, reason] of findings.missing) {
    yield `partial: ${worker} does not answer (${printable(reason)}); its ${name} are missing or incomplete\n`;
  }
}
