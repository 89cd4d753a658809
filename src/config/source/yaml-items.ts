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
  /** The text without the lines of the items. */
  readonly rest: string;
  readonly items: readonly YamlItemText[];
  /** The line of the whole text that a line of `rest` is. Both count from 1. */
  wholeLine(restLine: number): number;
}

/** A text with more items than this is not cut; parsed as a whole it is too large. */
const MAX_ITEMS = 200_000;

const SPACE = 0x20;
const TAB = 0x09;
const RETURN = 0x0d;
const HASH = 0x23;
const DASH = 0x2d;
const QUESTION = 0x3f;
const ROOT_KEY = /[A-Za-z_]\w*:(?:\s|$)/y;
const RESOURCES_KEY = /static_resources:[^\S\n]*(?:#.*)?(?:\n|$)/y;
const LIST_KEY = /(listeners|clusters):[^\S\n]*(?:#.*)?(?:\n|$)/y;

/**
 * Cuts the items of `static_resources.listeners` and `.clusters` out of a text in block style by their indentation, so that
 * items that did not change need no parsing. Undefined if the text has anything by which one item could depend on
 * another, or that looks unusual: it is then parsed as a whole. Only for valid YAML are the parts the same as the whole;
 * a text or part that does not parse is to be parsed as a whole.
 */
export function splitYamlItems(text: string): SplitYaml | undefined {
  return hasTies(text) ? undefined : new Splitter(text).split();
}

/** Anchors and aliases tie items together, and tags change what things are. */
function hasTies(text: string): boolean {
  for (const mark of ["&", "*", "!"]) {
    for (let at = text.indexOf(mark); at !== -1; at = text.indexOf(mark, at + 1)) {
      if ((at === 0 || /[\s[{,:-]/.test(text[at - 1]!)) && /[^\s,\]}]/.test(text[at + 1] ?? " ")) return true;
    }
  }
  return false;
}

/** Walks the lines of a text. `#start` is where the line begins, `#content` its first character that is no space. */
class Splitter {
  readonly #text: string;
  readonly #items: YamlItemText[] = [];
  /** Which lines were cut out: whole-text line numbers, and how many lines stand in the rest before them. */
  readonly #cuts: { readonly restLine: number; readonly lines: number }[] = [];
  readonly #rest: string[] = [];
  readonly #lists = new Set<string>();
  #restFrom = 0;
  #cutLines = 0;
  #start = 0;
  #content = 0;
  #line = 1;
  #unusual = false;

  constructor(text: string) {
    this.#text = text;
  }

  split(): SplitYaml | undefined {
    this.#measure();
    this.#skipBlank();
    if (
      this.#text.startsWith("---", this.#start) &&
      /^---\s*$/m.test(this.#text.slice(this.#start, this.#start + 16))
    ) {
      this.#next();
      this.#skipBlank();
    }
    let found = false;
    while (!this.#atEnd() && !this.#unusual) {
      if (this.#indent() === 0) {
        if (!this.#matches(ROOT_KEY)) return undefined;
        if (this.#text.startsWith("static_resources:", this.#start)) {
          if (found || !this.#matches(RESOURCES_KEY)) return undefined;
          found = true;
          this.#next();
          if (!this.#section()) return undefined;
          continue;
        }
      }
      this.#next();
      this.#skipBlank();
    }
    if (!found || this.#unusual) return undefined;
    this.#rest.push(this.#text.slice(this.#restFrom));
    const cuts = this.#cuts;
    const wholeLine = (restLine: number): number =>
      restLine + cuts.reduce((sum, cut) => sum + (restLine > cut.restLine ? cut.lines : 0), 0);
    return { rest: this.#rest.join(""), items: this.#items, wholeLine };
  }

  /** Walks the keys of `static_resources`; stops at the next key of the root. */
  #section(): boolean {
    this.#skipBlank();
    const keyIndent = this.#indent();
    while (!this.#atEnd() && this.#indent() > 0) {
      if (this.#indent() < keyIndent) return false;
      const list = this.#indent() === keyIndent ? this.#match(LIST_KEY)?.[1] : undefined;
      this.#next();
      if (list === "listeners" || list === "clusters") {
        if (this.#lists.has(list)) return false;
        this.#lists.add(list);
        if (!this.#list(list, keyIndent)) return false;
      }
      this.#skipBlank();
    }
    return true;
  }

  /** Cuts the items that start at this line or after blank ones. */
  #list(list: "listeners" | "clusters", keyIndent: number): boolean {
    this.#skipBlank();
    const dashIndent = this.#indent();
    if (this.#atEnd() || dashIndent < keyIndent || !this.#isDash()) return this.#atEnd() || dashIndent <= keyIndent;
    this.#rest.push(this.#text.slice(this.#restFrom, this.#start));
    const restLine = this.#line - 1 - this.#cutLines;
    const firstLine = this.#line;
    let from = this.#start;
    let line = this.#line;
    for (;;) {
      this.#next();
      this.#skipBlank();
      const ended = this.#atEnd() || this.#indent() < dashIndent || (this.#indent() === dashIndent && !this.#isDash());
      if (!ended && this.#indent() > dashIndent) continue;
      if (this.#items.length === MAX_ITEMS) return false;
      this.#items.push({ list, text: this.#text.slice(from, this.#start), line });
      if (ended) break;
      from = this.#start;
      line = this.#line;
    }
    this.#cuts.push({ restLine, lines: this.#line - firstLine });
    this.#cutLines += this.#line - firstLine;
    this.#restFrom = this.#start;
    return this.#atEnd() || this.#indent() <= keyIndent;
  }

  #atEnd(): boolean {
    return this.#start >= this.#text.length;
  }

  #indent(): number {
    return this.#content - this.#start;
  }

  #isDash(): boolean {
    if (this.#text.charCodeAt(this.#content) !== DASH) return false;
    const next = this.#text[this.#content + 1];
    return next === undefined || /\s/.test(next);
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#content;
    return pattern.exec(this.#text);
  }

  #matches(pattern: RegExp): boolean {
    return this.#match(pattern) !== null;
  }

  #next(): void {
    const end = this.#text.indexOf("\n", this.#start);
    this.#start = end === -1 ? this.#text.length : end + 1;
    this.#line++;
    this.#measure();
  }

  /** Goes to the next line that says something: not empty and not only a comment. */
  #skipBlank(): void {
    while (!this.#atEnd()) {
      const code = this.#text.charCodeAt(this.#content);
      if (code !== 0x0a && code !== HASH && code !== RETURN && this.#content < this.#text.length) break;
      this.#next();
    }
  }

  #measure(): void {
    let at = this.#start;
    while (this.#text.charCodeAt(at) === SPACE) at++;
    this.#content = at;
    const code = this.#text.charCodeAt(at);
    // A tab hides the indentation, and a complex key puts its value on a line of its own.
    if (code === TAB || (code === QUESTION && /\s/.test(this.#text[at + 1] ?? " "))) this.#unusual = true;
  }
}
