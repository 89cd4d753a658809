import { buildRing, type RingEntries, ringScale } from "./hash-ring.ts";
import { buildMaglev, type MaglevEntries } from "./maglev-table.ts";
import type { TableRecipe } from "./table-recipe.ts";

/** A table as it is built: plain data, without hosts, so that it can be in memory that threads share. */
export type BuiltTable =
  | { readonly type: "ringHash"; readonly entries: RingEntries }
  | { readonly type: "maglev"; readonly entries: MaglevEntries };

/** Builds the table on the calling thread. */
export function buildTable(recipe: TableRecipe): BuiltTable {
  const { policy } = recipe;
  if (policy.type === "maglev") return { type: "maglev", entries: buildMaglev(recipe, policy.table) };
  return { type: "ringHash", entries: buildRing(recipe, policy.ring) };
}

/** Builds tables on another thread, once for all workers. Rejects if it can't. */
export interface TableBuilder {
  build(recipe: TableRecipe): Promise<BuiltTable>;
}

/** Moves the table into memory that threads share. */
export function shareTable(table: BuiltTable): BuiltTable {
  if (table.type === "maglev") {
    return { type: "maglev", entries: { ...table.entries, owners: shared(table.entries.owners) } };
  }
  const { highs, lows, owners, ...told } = table.entries;
  return {
    type: "ringHash",
    entries: { ...told, highs: shared(highs), lows: shared(lows), owners: shared(owners) },
  };
}

/** Bytes of the table's memory. */
export function tableBytes({ type, entries }: BuiltTable): number {
  return entries.owners.byteLength * (type === "maglev" ? 1 : 3);
}

/**
 * What it takes to build the table, in entries of a Maglev table. A host's name costs some entries to sort, and an entry of a ring
 * as much as a few of Maglev's.
 */
export function tableCost({ policy, keys, minShare }: TableRecipe): number {
  if (keys.length === 0) return 0;
  const entries = policy.type === "maglev" ? policy.table.tableSize : 4 * ringScale(minShare, policy.ring);
  return entries + 4 * keys.length;
}

function shared(from: Uint32Array): Uint32Array {
  const to = new Uint32Array(new SharedArrayBuffer(from.byteLength));
  to.set(from);
  return to;
}
