import type { Uint64 } from "../../base/uint64.ts";
import type { LbHost } from "../lb-host.ts";
import { type BuiltTable, buildTable, type TableBuilder, tableCost } from "./build-table.ts";
import type { HashPicker, HashPickerFactory } from "./hash-picker.ts";
import type { TablePolicy } from "./table-policy.ts";
import { orderTable, sameRecipe, type TableOrder } from "./table-recipe.ts";

/** Tables that take less than this are built at once where they are used: in well under a millisecond. See `tableCost`. */
const MIN_SHARED_COST = 16_384;
/** How many entries of the table before are looked at for a host that is still there. */
const MAX_SKIPPED = 32;

/** Gives a built table its hosts, which are in the order of the recipe. */
export type MakePicker<H extends LbHost> = (hosts: readonly H[], table: BuiltTable) => HashPicker<H>;

/**
 * Tables of a policy: small ones are built on the calling thread, big ones by `builder`. Until a big one is there, picks go by the one before, and by one
 * of the worker's own if there was none.
 */
export function tableFactory<H extends LbHost>(
  policy: TablePolicy,
  makePicker: MakePicker<H>,
  builder: TableBuilder | null,
): HashPickerFactory<H> {
  return (weighted, before) => {
    const order = orderTable(weighted, policy);
    if (builder === null || tableCost(order.recipe) < MIN_SHARED_COST) {
      return makePicker(order.hosts, buildTable(order.recipe));
    }
    return new SharedTable(order, before, makePicker, builder);
  };
}

/** A table that is built elsewhere, in memory that all workers share. Runs on a worker. */
export class SharedTable<H extends LbHost> implements HashPicker<H> {
  readonly #order: TableOrder<H>;
  readonly #present: ReadonlySet<H>;
  readonly #built: Promise<BuiltTable>;
  /** Picks by the table; until that is there, by one that may know hosts that are gone. */
  #picker: HashPicker<H>;
  #arrived = false;

  constructor(order: TableOrder<H>, before: HashPicker<H> | null, makePicker: MakePicker<H>, builder: TableBuilder) {
    this.#order = order;
    this.#present = new Set(order.hosts);
    if (before instanceof SharedTable) {
      const shared = before as SharedTable<H>;
      // Not `shared` itself: a chain of tables that were never there would grow.
      this.#picker = shared.#picker;
      this.#built = sameRecipe(shared.#order.recipe, order.recipe) ? shared.#built : builder.build(order.recipe);
    } else {
      this.#picker = before ?? makePicker(order.hosts, buildTable(order.recipe));
      this.#built = builder.build(order.recipe);
    }
    this.#built.then(
      (table) => this.#arrive(makePicker(order.hosts, table)),
      () => this.#arrive(makePicker(order.hosts, buildTable(order.recipe))),
    );
  }

  pick(hash: Uint64, attempt: number): H | null {
    if (this.#arrived) return this.#picker.pick(hash, attempt);
    for (let skipped = 0; skipped < MAX_SKIPPED; skipped++) {
      const host = this.#picker.pick(hash, attempt + skipped);
      if (host !== null && this.#present.has(host)) return host;
    }
    const { hosts } = this.#order;
    return hosts[hash.modulo(hosts.length)]!;
  }

  #arrive(picker: HashPicker<H>): void {
    this.#picker = picker;
    this.#arrived = true;
  }
}
