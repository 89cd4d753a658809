/**
 * Values by domain, in Envoy's order: the exact name, else the longest `*suffix`, else the longest `prefix*`, else `*`.
 * Exact names take one map lookup however many there are; wildcards one per distinct length. A wildcard stands for at
 * least one character.
 */
export class HostTable<T> {
  readonly #exact = new Map<string, T>();
  readonly #suffixes = new WildcardMap<T>();
  readonly #prefixes = new WildcardMap<T>();
  #catchAll: T | undefined;

  /** Adds a domain (lower case); of two equal ones the first stays. Answers whether it was new. */
  add(domain: string, value: T): boolean {
    if (domain === "*") {
      const isNew = this.#catchAll === undefined;
      this.#catchAll ??= value;
      return isNew;
    }
    if (domain.startsWith("*")) return this.#suffixes.add(domain.slice(1), value);
    if (domain.endsWith("*")) return this.#prefixes.add(domain.slice(0, -1), value);
    if (this.#exact.has(domain)) return false;
    this.#exact.set(domain, value);
    return true;
  }

  /** `host` in lower case; `""` finds only `*`. */
  lookup(host: string): T | undefined {
    const exact = this.#exact.get(host);
    if (exact !== undefined) return exact;
    for (const [length, values] of this.#suffixes.longestFirst) {
      if (length >= host.length) continue;
      const value = values.get(host.slice(host.length - length));
      if (value !== undefined) return value;
    }
    for (const [length, values] of this.#prefixes.longestFirst) {
      if (length >= host.length) continue;
      const value = values.get(host.slice(0, length));
      if (value !== undefined) return value;
    }
    return this.#catchAll;
  }
}

/** Values by the fixed part of a wildcard, grouped by its length. */
class WildcardMap<T> {
  longestFirst: readonly (readonly [length: number, values: Map<string, T>])[] = [];

  add(fixed: string, value: T): boolean {
    let group = this.longestFirst.find(([length]) => length === fixed.length);
    if (group === undefined) {
      group = [fixed.length, new Map()];
      this.longestFirst = [...this.longestFirst, group].sort((a, b) => b[0] - a[0]);
    }
    const values = group[1];
    if (values.has(fixed)) return false;
    values.set(fixed, value);
    return true;
  }
}
