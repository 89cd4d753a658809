import { extname } from "node:path";
import type { Piscina } from "piscina";
import { type BuiltTable, tableBytes } from "../../src/lb/hash/build-table.ts";
import type { PackedRecipe } from "../../src/lb/hash/packed-recipe.ts";

/** Tables that may wait for the thread; a worker that is refused builds its own. */
const MAX_WAITING = 256;
/** How much memory is held on to for workers that ask later than others. */
const MAX_KEPT_BYTES = 67_108_864;
/** A thread without work ends after this. */
const IDLE_MS = 10_000;

/**
 * Builds the big hash tables of load balancers, on a thread of their own and once for all workers, in memory that they share. Main
 * thread. The thread is started with the first table.
 */
export class HashTables {
  /** By digest, the latest last. */
  readonly #tables = new Map<string, { readonly built: Promise<BuiltTable>; bytes: number }>();
  #keptBytes = 0;
  /** Since the start. */
  #builtCount = 0;
  #pool: Promise<Piscina<PackedRecipe, BuiltTable>> | null = null;
  #closed = false;

  /** Rejects if too many wait, the thread dies, or after `close`. */
  build(recipe: PackedRecipe): Promise<BuiltTable> {
    const known = this.#tables.get(recipe.digest);
    if (known !== undefined) return known.built;
    const entry = { built: this.#run(recipe), bytes: 0 };
    this.#tables.set(recipe.digest, entry);
    entry.built.then(
      (table) => {
        this.#builtCount++;
        entry.bytes = tableBytes(table);
        this.#keptBytes += entry.bytes;
        this.#forgetOldest();
      },
      () => this.#tables.delete(recipe.digest),
    );
    return entry.built;
  }

  /** For people. */
  inspect(): object {
    return { kept: this.#tables.size, keptBytes: this.#keptBytes, built: this.#builtCount };
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    this.#closed = true;
    await (await this.#pool)?.destroy();
  }

  async #run(recipe: PackedRecipe): Promise<BuiltTable> {
    if (this.#closed) throw new Error("no hash tables are built any more");
    this.#pool ??= createPool();
    return (await this.#pool).run(recipe);
  }

  #forgetOldest(): void {
    for (const [digest, { bytes }] of this.#tables) {
      if (this.#keptBytes <= MAX_KEPT_BYTES) return;
      // Those that are being built have no size yet.
      if (bytes === 0) continue;
      this.#keptBytes -= bytes;
      this.#tables.delete(digest);
    }
  }
}

async function createPool(): Promise<Piscina<PackedRecipe, BuiltTable>> {
  const { Piscina } = await import("piscina");
  const module = new URL("../../src/lb/hash/table-task.ts", import.meta.url);
  // The published package holds compiled files, which end in .js.
  const filename = module.href.replace(/\.ts$/, extname(import.meta.filename));
  return new Piscina({ filename, minThreads: 0, maxThreads: 1, maxQueue: MAX_WAITING, idleTimeout: IDLE_MS });
}
