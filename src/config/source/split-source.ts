import type { JsonValue } from "@bufbuild/protobuf";
import { type ConfigSource, type LoadedItem, type SourceItem, SplitMismatch, WholeSource } from "./config-source.ts";
import type { FoundPosition, SourceDocument } from "./source-document.ts";
import { parseYaml } from "./yaml-document.ts";
import { type SplitYaml, splitYamlItems, type YamlItemText } from "./yaml-items.ts";

interface SplitItem extends SourceItem {
  readonly text: YamlItemText;
}

/** Items parsed together; more at a time would only use more memory. */
const MAX_RUN = 256;

/** A YAML text cut into its items, which are parsed only when they are loaded. */
export class SplitSource implements ConfigSource {
  readonly file: string;
  readonly rest: { readonly value: JsonValue };
  readonly items: readonly SplitItem[];
  readonly #whole: WholeSource;
  readonly #split: SplitYaml;

  private constructor(file: string, document: SourceDocument, split: SplitYaml) {
    this.file = file;
    this.#split = split;
    // The rest may not bring items of its own: the two would be numbered twice.
    this.#whole = new WholeSource(file, document);
    if (this.#whole.items.length > 0) throw new SplitMismatch();
    this.rest = this.#whole.rest;
    const counts = { listeners: 0, clusters: 0 };
    this.items = split.items.map((text): SplitItem => {
      const kind = text.list === "listeners" ? "listener" : "cluster";
      return { kind, list: text.list, index: counts[text.list]++, key: text.text, text };
    });
  }

  /** Undefined if the text can't be cut into items; it is then to be parsed as a whole. */
  static open(file: string, text: string): SplitSource | undefined {
    const split = splitYamlItems(text);
    if (split === undefined || split.items.length === 0) return undefined;
    const { document } = parseYaml(split.rest);
    if (document === undefined) return undefined;
    try {
      return new SplitSource(file, document, split);
    } catch (error) {
      if (error instanceof SplitMismatch) return undefined;
      throw error;
    }
  }

  load(items: readonly SourceItem[]): readonly LoadedItem[] {
    const loaded: LoadedItem[] = [];
    let run: SplitItem[] = [];
    for (const item of items as readonly SplitItem[]) {
      const last = run.at(-1);
      const adjacent = last !== undefined && last.list === item.list && last.index + 1 === item.index;
      if (run.length > 0 && (!adjacent || run.length === MAX_RUN)) {
        loaded.push(...loadRun(run));
        run = [];
      }
      run.push(item);
    }
    if (run.length > 0) loaded.push(...loadRun(run));
    return loaded;
  }

  locate(steps: readonly (string | number)[]): FoundPosition {
    const { line, column, matched } = this.#whole.locate(steps);
    return { line: this.#split.wholeLine(line), column, matched };
  }
}

/** Parses neighbouring items as one text. */
function loadRun(run: readonly SplitItem[]): LoadedItem[] {
  const { document } = parseYaml(run.map(({ text }) => text.text).join(""));
  const values = document?.root;
  if (document === undefined || !Array.isArray(values) || values.length !== run.length) throw new SplitMismatch();
  const firstLine = run[0]!.text.line;
  return values.map((value, index): LoadedItem => {
    const locate = (steps: readonly (string | number)[]): FoundPosition => {
      const { line, column, matched } = document.locate([index, ...steps]);
      return { line: line + firstLine - 1, column, matched: matched - 1 };
    };
    return { value, locate };
  });
}
