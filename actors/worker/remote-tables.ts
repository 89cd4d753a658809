import { withTransfer } from "../../src/actor/thread/transfer.ts";
import type { BuiltTable, TableBuilder } from "../../src/lb/hash/build-table.ts";
import { packRecipe } from "../../src/lb/hash/packed-recipe.ts";
import type { TableRecipe } from "../../src/lb/hash/table-recipe.ts";
import type { BuildHashTable, HashTableBuilt } from "../supervisor/protocol.ts";

/** The largest table there can be takes two seconds; others may wait before it. */
const DEADLINE_MS = 30_000;

/** Rejects as `ActorRef.ask` does. */
export type AskForTable = (question: BuildHashTable, deadlineMs: number) => Promise<HashTableBuilt>;

/** Has hash tables built on the main side, once for all workers. Runs on a worker. */
export class RemoteTables implements TableBuilder {
  readonly #ask: AskForTable;

  /** `ask` asks the supervisor. */
  constructor(ask: AskForTable) {
    this.#ask = ask;
  }

  async build(recipe: TableRecipe): Promise<BuiltTable> {
    const packed = packRecipe(recipe);
    const question: BuildHashTable = { type: "buildHashTable", recipe: packed };
    return (await this.#ask(withTransfer(question, [packed.keys.buffer]), DEADLINE_MS)).table;
  }
}
