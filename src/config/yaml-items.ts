/** One item of `static_resources.listeners` or `static_resources.clusters`, cut out of a YAML text. */
export interface YamlItemText {
  readonly list: "listeners" | "clusters";
  /** The item's lines, from its dash to the line before the next item. */
  readonly text: string;
  /** Number of its first line, from 1. */
  readonly line: number;
}

/** A YAML text without its listeners and clusters, and these one by one. */
export interface SplitYaml {
  /** The text with blank lines where items were, so that line numbers stay. */
  readonly rest: string;
  readonly items: readonly YamlItemText[];
}

/** Anchors and aliases tie items together; a tab or a `?` key hides indentation; further documents and directives change all. */
const UNSPLITTABLE = /(?:^|[\s[{,])[&*!][^\s,\]}]|^ *\t|^ *\?(?:\s|$)|^(?:\.\.\.|%)/m;
const ROOT_KEY = /^[A-Za-z_]\w*:(?:\s|$)/;

/**
 * Cuts the items of `static_resources.listeners` and `.clusters` out of a text in block style by their indentation, so that
 * items that did not change need no parsing. Undefined if the text has anything by which one item could depend on
 * another, or that looks unusual: it is then parsed as a whole. Only for valid YAML are the parts the same as the whole;
 * a text or part that does not parse is to be parsed as a whole.
 */
export function splitYamlItems(text: string): SplitYaml | undefined {
  if (UNSPLITTABLE.test(text)) return undefined;
  const lines = text.split("\n");
  let start = 0;
  while (start < lines.length && isBlank(lines[start]!)) start++;
  if (/^---\s*$/.test(lines[start] ?? "")) start++;
  while (start < lines.length && isBlank(lines[start]!)) start++;
  if (!ROOT_KEY.test(lines[start] ?? "")) return undefined;
  const section = findSection(lines, start);
  return section === undefined ? undefined : new Splitter(lines, section).split();
}

/** The lines between `static_resources:` and the next key of the root; undefined if there is not exactly one such key. */
function findSection(lines: readonly string[], start: number): { from: number; to: number } | undefined {
  let from: number | undefined;
  let to = lines.length;
  for (let at = start; at < lines.length; at++) {
    const line = lines[at]!;
    if (isBlank(line) || line.startsWith(" ")) continue;
    if (!ROOT_KEY.test(line)) return undefined;
    if (from !== undefined && to === lines.length) to = at;
    if (line.startsWith("static_resources:")) {
      if (from !== undefined || !/^static_resources:\s*(#.*)?$/.test(line)) return undefined;
      from = at + 1;
    }
  }
  return from === undefined ? undefined : { from, to };
}

/** True for lines that can stand anywhere without a meaning. */
function isBlank(line: string): boolean {
  return /^\s*(#|$)/.test(line);
}

function indentOf(line: string): number {
  let indent = 0;
  while (line.charCodeAt(indent) === 0x20) indent++;
  return indent;
}

/** Walks the lines of `static_resources`. */
class Splitter {
  readonly #lines: string[];
  readonly #section: { readonly from: number; readonly to: number };
  readonly #items: YamlItemText[] = [];
  readonly #lists = new Set<string>();

  constructor(lines: string[], section: { readonly from: number; readonly to: number }) {
    this.#lines = lines;
    this.#section = section;
  }

  split(): SplitYaml | undefined {
    const { from, to } = this.#section;
    const rest = [...this.#lines];
    let keyIndent = -1;
    for (let at = from; at < to; ) {
      const line = this.#lines[at]!;
      if (isBlank(line)) {
        at++;
        continue;
      }
      const indent = indentOf(line);
      if (keyIndent === -1) keyIndent = indent;
      if (indent < keyIndent) return undefined;
      const list = indent === keyIndent ? /^ *(listeners|clusters):\s*(?:#.*)?$/.exec(line)?.[1] : undefined;
      at++;
      if (list !== "listeners" && list !== "clusters") continue;
      if (this.#lists.has(list)) return undefined;
      this.#lists.add(list);
      const end = this.#splitList(list, at, keyIndent);
      if (end === undefined) return undefined;
      rest.fill("", at, end);
      at = end;
    }
    return { rest: rest.join("\n"), items: this.#items };
  }

  /** Cuts the items that start at line `from`; returns the line after the list. */
  #splitList(list: "listeners" | "clusters", from: number, keyIndent: number): number | undefined {
    let dashIndent = -1;
    let itemStart = -1;
    let at = from;
    for (; at < this.#section.to; at++) {
      const line = this.#lines[at]!;
      if (isBlank(line)) continue;
      const indent = indentOf(line);
      const isDash = line[indent] === "-" && (indent + 1 === line.length || /\s/.test(line[indent + 1]!));
      if (dashIndent === -1) {
        if (indent < keyIndent || (indent === keyIndent && !isDash)) return from;
        if (!isDash) return undefined;
        dashIndent = indent;
      }
      if (indent > dashIndent) continue;
      if (indent < dashIndent || !isDash) {
        if (indent > keyIndent) return undefined;
        break;
      }
      if (itemStart !== -1) this.#push(list, itemStart, at);
      itemStart = at;
    }
    if (itemStart !== -1) this.#push(list, itemStart, at);
    return at;
  }

  #push(list: "listeners" | "clusters", from: number, to: number): void {
    // Without the last line break a block scalar at the end of the item would lose its own.
    const text = this.#lines.slice(from, to).join("\n") + (to < this.#lines.length ? "\n" : "");
    this.#items.push({ list, text, line: from + 1 });
  }
}
