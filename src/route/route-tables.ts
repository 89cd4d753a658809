import type { RouteTable } from "./route-table.ts";

/** Where a connection manager finds the route table in force. Stays the same object while the name is in use. */
export interface RouteTableSlot {
  /** Null while no table of that name is known; requests are answered 404 (`NR`) then. */
  current: RouteTable | null;
}

/**
 * The route tables of one worker by name. A new version of a table replaces the old one for the next request, on
 * connections that exist as well; requests already routed keep their route.
 */
export class RouteTables {
  readonly #slots = new Map<string, RouteTableSlot>();

  /** The slot of `name`, made on first use, before or after its table arrives. */
  slot(name: string): RouteTableSlot {
    let slot = this.#slots.get(name);
    if (slot === undefined) {
      slot = { current: null };
      this.#slots.set(name, slot);
    }
    return slot;
  }

  /** The table in force; null if there is none of that name. */
  find(name: string): RouteTable | null {
    return this.#slots.get(name)?.current ?? null;
  }

  /** Puts a table in force, and disposes the one before it. */
  set(name: string, table: RouteTable): void {
    const slot = this.slot(name);
    const before = slot.current;
    slot.current = table;
    before?.dispose();
  }

  /** Forgets and disposes a table. Whoever still holds its slot (a draining listener) keeps the last version. */
  remove(name: string): void {
    this.find(name)?.dispose();
    this.#slots.delete(name);
  }

  get names(): string[] {
    return [...this.#slots.keys()];
  }
}
