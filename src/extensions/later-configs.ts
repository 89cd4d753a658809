import type { ExtensionConfig } from "../config/extension-config.ts";
import type { LaterExtensions } from "../config/later-extensions.ts";
import type { ExtensionEntry } from "./extension-entry.ts";

/** The main-side halves of extensions, each loaded when it is first named. */
export class LaterConfigs implements LaterExtensions {
  readonly #entries = new Set<ExtensionEntry>();

  constructor(entries: readonly ExtensionEntry[]) {
    for (const entry of entries) this.#entries.add(entry);
  }

  has(name: string): boolean {
    for (const entry of this.#entries) if (isNamed(entry, name)) return true;
    return false;
  }

  async load(names: Iterable<string>): Promise<readonly ExtensionConfig[]> {
    const wanted = new Set<ExtensionEntry>();
    for (const name of names) for (const entry of this.#entries) if (isNamed(entry, name)) wanted.add(entry);
    for (const entry of wanted) this.#entries.delete(entry);
    return Promise.all([...wanted].map((entry) => entry.config()));
  }
}

function isNamed({ name, types }: ExtensionEntry, wanted: string): boolean {
  return name === wanted || types?.includes(wanted) === true;
}
