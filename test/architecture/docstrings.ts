import type { SourceFile } from "./source-file.ts";
import { lineAt } from "./source-file.ts";

const EXPORT =
  /^export (?:default )?(?:declare )?(?:abstract )?(?:async )?(class|function\*?|const|let|interface|type) (\w+)/gm;

/**
 * Exports of a file that no docstring stands on, as `file:line: name`. A type that only names the values of the
 * constant above it needs none.
 */
export function undocumentedExports(file: SourceFile): string[] {
  const lines = file.text.split("\n");
  const documented = new Set<string>();
  const missing: string[] = [];
  for (const match of file.code.matchAll(EXPORT)) {
    const [, kind, name] = match;
    const line = lineAt(file.text, match.index);
    const declaration = lines[line - 1]!;
    const isDocumented = lines[line - 2]?.trimEnd().endsWith("*/") ?? false;
    if (isDocumented) documented.add(name!);
    else if (kind === "type" && /= \(typeof \w+\)\[/.test(declaration)) continue;
    else if (!documented.has(name!)) missing.push(`${file.path}:${line}: ${name}`);
  }
  return missing;
}

/** One deliberate difference from Envoy that a docstring tells of. */
export interface EnvoyDifference {
  readonly path: string;
  readonly line: number;
  /** What follows `Differs from Envoy:`, up to the end of its paragraph, on one line. */
  readonly text: string;
}

/** The `Differs from Envoy:` statements of a file, in order. */
export function envoyDifferences(file: SourceFile): EnvoyDifference[] {
  const lines = file.text.split("\n");
  const found: EnvoyDifference[] = [];
  for (const [index, line] of lines.entries()) {
    const at = line.indexOf("Differs from Envoy:");
    if (at === -1) continue;
    const parts = [line.slice(at + "Differs from Envoy:".length)];
    if (!line.includes("*/")) parts.push(...restOfParagraph(lines, index + 1));
    const text = parts.map(withoutCommentMarks).join(" ").trim();
    found.push({ path: file.path, line: index + 1, text });
  }
  return found;
}

function restOfParagraph(lines: readonly string[], start: number): string[] {
  const parts: string[] = [];
  for (let i = start; i < lines.length; i++) {
    const line = lines[i]!;
    if (!/^\s*(?:\*|\/\/)/.test(line) || withoutCommentMarks(line) === "") break;
    if (line.includes("Differs from Envoy:")) break;
    parts.push(line);
    if (line.includes("*/")) break;
  }
  return parts;
}

function withoutCommentMarks(line: string): string {
  return line
    .replace(/^\s*(?:\/\*\*?|\*(?!\/)|\/\/)/, "")
    .replace("*/", "")
    .trim();
}
