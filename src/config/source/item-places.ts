import type { AcceptedConfig } from "../bootstrap/bootstrap-json.ts";
import { type ConfigSource, type SourceItem, SplitMismatch } from "./config-source.ts";
import { type ConfigText, openSource } from "./open-source.ts";

/** Where a listener or cluster stands in the text that it came from. */
export interface ItemPlace {
  readonly kind: SourceItem["kind"];
  /** `""` if it has none. */
  readonly name: string;
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** Items loaded at a time. */
const CHUNK_ITEMS = 512;

/**
 * Where the listeners and clusters of an accepted configuration stand. Those of a binary text have no line and are left out.
 * Takes as long as parsing does.
 */
export function itemPlaces({ texts }: AcceptedConfig): ItemPlace[] {
  return texts.flatMap((text) => {
    try {
      return placesIn(text, true);
    } catch (error) {
      if (error instanceof SplitMismatch) return placesIn(text, false);
      throw error;
    }
  });
}

function placesIn(text: ConfigText, split: boolean): ItemPlace[] {
  const { source } = openSource(text, split);
  if (source === undefined) return [];
  const places: ItemPlace[] = [];
  for (let at = 0; at < source.items.length; at += CHUNK_ITEMS) {
    places.push(...placesOf(source, source.items.slice(at, at + CHUNK_ITEMS)));
  }
  return places;
}

function placesOf(source: ConfigSource, items: readonly SourceItem[]): ItemPlace[] {
  return source.load(items).flatMap(({ value, locate }, index) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
    const { name } = value;
    const { line } = locate([]);
    return [{ kind: items[index]!.kind, name: typeof name === "string" ? name : "", file: source.file, line }];
  });
}
