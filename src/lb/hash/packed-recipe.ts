import { createHash } from "node:crypto";
import { pack, unpack } from "msgpackr";
import type { TableRecipe } from "./table-recipe.ts";

/** A recipe on its way between threads. */
export interface PackedRecipe extends Omit<TableRecipe, "keys"> {
  /** Equal digests mean equal tables. */
  readonly digest: string;
  /** With msgpackr: thousands of strings as one piece of memory. */
  readonly keys: Uint8Array<ArrayBuffer>;
}

/** Packs a recipe for another thread. */
export function packRecipe({ keys, ...others }: TableRecipe): PackedRecipe {
  // A copy: msgpackr's own buffer must not move to another thread.
  const packed = new Uint8Array(pack(keys));
  const digest = createHash("sha256")
    .update(JSON.stringify(others.policy))
    .update(packed)
    .update(others.shares)
    .digest("base64");
  return { ...others, keys: packed, digest };
}

/** The recipe that was packed. */
export function unpackRecipe({ keys, digest: _, ...others }: PackedRecipe): TableRecipe {
  return { ...others, keys: unpack(keys) as string[] };
}
