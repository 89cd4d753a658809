import type { ExtensionConfig } from "./extension-config.ts";
import type { ConfigText } from "./source/open-source.ts";

/** Extensions that are loaded when a configuration first names them: most configurations name few of the many there are. */
export interface LaterExtensions {
  /** Whether the name, of an extension or of the type of its configuration, is that of one that is not loaded yet. */
  has(name: string): boolean;
  /** Loads those of the names that are not loaded yet, and answers them. */
  load(names: Iterable<string>): Promise<readonly ExtensionConfig[]>;
}

/** The types that texts name as `type.googleapis.com/…`. What is written in another way is found when it is compiled. */
export function namedTypes(texts: readonly ConfigText[]): ReadonlySet<string> {
  const types = new Set<string>();
  for (const { content } of texts) {
    const text =
      typeof content === "string"
        ? content
        : Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString("latin1");
    for (const [, type] of text.matchAll(/type\.googleapis\.com\/([\w.]+)/g)) types.add(type!);
  }
  return types;
}
