/** Things found by name and listed in order of names. Sorting is done when a list is asked for, and kept. */
export class CellIndex<C extends { readonly name: string }> {
  readonly #byName = new Map<string, C>();
  #sorted: readonly C[] | undefined;

  get size(): number {
    return this.#byName.size;
  }

  /** The one with that name; `make` is called if there is none. */
  getOrMake(name: string, make: () => C): C {
    let cell = this.#byName.get(name);
    if (cell === undefined) {
      cell = make();
      this.#byName.set(name, cell);
      this.#sorted = undefined;
    }
    return cell;
  }

  get(name: string): C | undefined {
    return this.#byName.get(name);
  }

  delete(name: string): void {
    if (this.#byName.delete(name)) this.#sorted = undefined;
  }

  values(): Iterable<C> {
    return this.#byName.values();
  }

  /** All of them by name. The array is never changed; another one is made when names come and go. */
  inOrder(): readonly C[] {
    this.#sorted ??= [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return this.#sorted;
  }
}
