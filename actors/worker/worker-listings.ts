import { rowFilter } from "../../src/base/row-filter.ts";
import { type WalkPiece, Walks } from "../../src/base/walks.ts";
import type { ConnectionRow } from "../../src/listener/connection-listing.ts";
import type { DataPlane } from "./data-plane.ts";

/** How long a worker may be kept from its traffic by one piece of a listing. */
const PIECE_MS = 5;
/** Rows of one piece at most. */
const MAX_PIECE_ROWS = 500;
/** What the names of parameters begin with that a field must be equal to. */
const FIELD_PREFIX = "field.";

/** The listings that a worker has. */
export type ListingName = "connections" | "streams" | "pools" | "clusters" | "failures";

const NAMES: ReadonlySet<string> = new Set(["connections", "streams", "pools", "clusters", "failures"]);

/** Whether a worker has a listing of that name. */
export function isListingName(view: string): view is ListingName {
  return NAMES.has(view);
}

/** A worker's long lists, for people who ask: given in pieces, so that traffic goes on in between. */
export class WorkerListings {
  readonly #plane: DataPlane;
  readonly #walks: Walks<object>;

  constructor(plane: DataPlane) {
    this.#plane = plane;
    this.#walks = new Walks(plane.context.clock, PIECE_MS);
  }

  /**
   * The next piece of a listing. Parameters: `walk` of the piece before, absent for the first; `limit` of rows; `text` and
   * `field.NAME` as in `RowQuery`. Throws if the walk was given up meanwhile.
   */
  piece(listing: ListingName, parameters: Readonly<Record<string, string>>): WalkPiece<object> {
    const limit = Math.min(Number(parameters.limit ?? MAX_PIECE_ROWS), MAX_PIECE_ROWS);
    const { walk } = parameters;
    return walk === undefined
      ? this.#walks.begin(this.#rows(listing, parameters), limit)
      : this.#walks.goOn(walk, limit);
  }

  *#connections(wanted: (row: ConnectionRow) => boolean): Generator<ConnectionRow | undefined> {
    yield* this.#plane.handler.connections(wanted);
    yield* this.#plane.udpHandler.sessions(wanted);
  }

  #rows(listing: ListingName, parameters: Readonly<Record<string, string>>): Iterable<object | undefined> {
    const wanted = rowFilter({ text: parameters.text ?? "", fields: fieldsOf(parameters) });
    switch (listing) {
      case "connections":
        return this.#connections(wanted);
      case "streams":
        return this.#plane.handler.streams(wanted);
      case "pools":
        return this.#plane.clusters.pools(wanted);
      case "clusters":
        return this.#plane.clusters.inspections();
      case "failures":
        return (this.#plane.context.failures?.recent() ?? []).filter(wanted);
    }
  }
}

function fieldsOf(parameters: Readonly<Record<string, string>>): Record<string, string> {
  const own = Object.entries(parameters).filter(([name]) => name.startsWith(FIELD_PREFIX));
  return Object.fromEntries(own.map(([name, value]) => [name.slice(FIELD_PREFIX.length), value]));
}
