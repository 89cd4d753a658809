import type { SourceItem } from "../source/config-source.ts";
import type { CompiledItem } from "./item-compiler.ts";

/**
 * Compiled items by their text, so that a change of one of thousands costs little more than the comparison. Holds what the
 * last compilation used, and nothing else.
 */
export class ItemCache {
  #environment = "";
  #last = emptyTable();
  #next = emptyTable();

  /** Begins a compilation. `environment` is all that results depend on beside the item; another one empties the cache. */
  begin(environment: string): void {
    if (environment !== this.#environment) this.#last = emptyTable();
    this.#environment = environment;
    this.#next = emptyTable();
  }

  /** Forgets everything. */
  clear(): void {
    this.#last = emptyTable();
    this.#next = emptyTable();
  }

  get(item: SourceItem): CompiledItem | undefined {
    const { kind, key } = item;
    const compiled = this.#next[kind].get(key) ?? this.#last[kind].get(key);
    if (compiled !== undefined) this.#next[kind].set(key, compiled);
    return compiled;
  }

  /** Keeps a result. Failed ones are not kept: their problems need the text again; nor those that files went into. */
  set(item: SourceItem, compiled: CompiledItem): void {
    if (!compiled.failed && compiled.files.length === 0) this.#next[item.kind].set(item.key, compiled);
  }

  /** Ends a compilation that was good: what it did not use is dropped. After a bad one the next is likely like the one before. */
  commit(): void {
    this.#last = this.#next;
    this.#next = emptyTable();
  }
}

function emptyTable(): Record<SourceItem["kind"], Map<string, CompiledItem>> {
  return { listener: new Map(), cluster: new Map() };
}
