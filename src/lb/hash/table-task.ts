import { lowerThreadPriority } from "../../base/thread-priority.ts";
import { type BuiltTable, buildTable, shareTable } from "./build-table.ts";
import { type PackedRecipe, unpackRecipe } from "./packed-recipe.ts";

lowerThreadPriority("background");

/** What the threads of the pool run: builds a table in memory that threads share. */
export default function buildSharedTable(recipe: PackedRecipe): BuiltTable {
  return shareTable(buildTable(unpackRecipe(recipe)));
}
