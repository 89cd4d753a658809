import { globSync, readFileSync } from "node:fs";
import path from "node:path";

/** The repository's root folder. */
export const ROOT = path.resolve(import.meta.dirname, "../..");

/** A TypeScript file as the architecture tests see it. */
export interface SourceFile {
  /** From the repository's root, with `/`. */
  readonly path: string;
  readonly text: string;
  /** `text` with the insides of comments, strings and regular expressions blanked; same length, same lines. */
  readonly code: string;
}

/** All TypeScript files below the given folders (or of these names), generated and installed ones left out. */
export function sourceFiles(...folders: readonly string[]): SourceFile[] {
  const patterns = folders.map((folder) => (folder.endsWith(".ts") ? folder : `${folder}/**/*.ts`));
  return globSync(patterns, { cwd: ROOT })
    .map((file) => file.replaceAll(path.sep, "/"))
    .filter((file) => !/^src\/proto\/gen\/|(?:^|\/)node_modules\/|\.d\.ts$/.test(file))
    .sort()
    .map((file) => sourceFile(file, readFileSync(path.join(ROOT, file), "utf8")));
}

/** A file from its text; tests of the rules themselves make theirs with it. */
export function sourceFile(name: string, text: string): SourceFile {
  return { path: name, text, code: blankNonCode(text) };
}

/** The line number, from 1, of a position in a text. */
export function lineAt(text: string, at: number): number {
  let line = 1;
  for (let i = text.indexOf("\n"); i !== -1 && i < at; i = text.indexOf("\n", i + 1)) line++;
  return line;
}

/** After one of these a `/` begins a regular expression; after anything else it divides. */
const BEFORE_REGEX = /(?:^|[(,=:[!&|?{};+\-*%<>~^]|\b(?:return|typeof|case|in|of|void|delete|await|yield|else))\s*$/;

const blank = (text: string): string => text.replace(/[^\n]/g, " ");

/** Replaces what is inside comments, strings, template texts and regular expressions by blanks. */
function blankNonCode(text: string): string {
  const out: string[] = [];
  /** For each open template: how many braces are open inside its present `${`. */
  const templates: number[] = [];
  let at = 0;
  const take = (end: number, keep: boolean): void => {
    const piece = text.slice(at, end);
    out.push(keep || piece.length < 2 ? piece : piece[0] + blank(piece.slice(1, -1)) + (piece.at(-1) ?? ""));
    at = end;
  };
  while (at < text.length) {
    const c = text[at]!;
    const two = text.slice(at, at + 2);
    if (two === "//" || two === "/*") {
      const end = two === "//" ? text.indexOf("\n", at) : text.indexOf("*/", at + 2) + 2;
      const stop = end < 2 ? text.length : end;
      out.push(blank(text.slice(at, stop)));
      at = stop;
    } else if (c === '"' || c === "'") take(endOfQuoted(text, at, c), false);
    else if (c === "`" || (c === "}" && templates.at(-1) === 0)) {
      if (c === "}") templates.pop();
      const end = endOfTemplateText(text, at + 1);
      if (text[end - 1] === "{") templates.push(0);
      take(end, false);
    } else if (c === "/" && BEFORE_REGEX.test(out.slice(-40).join("").slice(-40))) take(endOfRegex(text, at), false);
    else {
      if (templates.length > 0 && c === "{") templates[templates.length - 1]!++;
      if (templates.length > 0 && c === "}") templates[templates.length - 1]!--;
      take(at + 1, true);
    }
  }
  return out.join("");
}

function endOfQuoted(text: string, start: number, quote: string): number {
  let i = start + 1;
  while (i < text.length && text[i] !== quote && text[i] !== "\n") i += text[i] === "\\" ? 2 : 1;
  return i + 1;
}

/** Where a piece of template text ends: behind its closing back-tick or behind `${`. */
function endOfTemplateText(text: string, start: number): number {
  let i = start;
  while (i < text.length && text[i] !== "`" && !text.startsWith("${", i)) i += text[i] === "\\" ? 2 : 1;
  return text[i] === "$" ? i + 2 : i + 1;
}

function endOfRegex(text: string, start: number): number {
  let i = start + 1;
  let inClass = false;
  while (i < text.length && text[i] !== "\n" && (inClass || text[i] !== "/")) {
    if (text[i] === "[") inClass = true;
    if (text[i] === "]") inClass = false;
    i += text[i] === "\\" ? 2 : 1;
  }
  return i + 1;
}
