/** The long lists that workers have. */
export interface ListingsView {
  /** In pieces, as they come. Ends when all workers have told everything, or don't answer. */
  list(listing: "connections" | "streams" | "pools" | "failures", query: ListingQuery): AsyncIterable<ListingPart>;
}

/** Which rows of a listing are wanted: as in `RowQuery`, of all workers or one. */
export interface ListingQuery {
  readonly text: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly worker?: string;
}

/** Some rows of one worker, or why the rest of its rows is missing. */
export type ListingPart =
  | { readonly worker: string; readonly rows: readonly object[] }
  | { readonly worker: string; readonly missing: string };
