import path from "node:path";
import type { SourceFile } from "./source-file.ts";
import { lineAt } from "./source-file.ts";

/** One import or re-export of a file by another. */
export interface ImportEdge {
  readonly from: string;
  /** A path in the repository for a relative import; else as written (`node:net`, a package). */
  readonly to: string;
  readonly line: number;
  /** `import type` or `export type`. */
  readonly typeOnly: boolean;
}

const STATEMENT = /^(?:import|export)\b(?:[^;"']*?\bfrom\s*)?\s*(["'])/gm;
const CALL = /\bimport\(\s*(["'])/g;

/** All imports of a file, in order: statements, re-exports and `import("…")`. */
export function importsOf(file: SourceFile): ImportEdge[] {
  const edges: ImportEdge[] = [];
  for (const pattern of [STATEMENT, CALL]) {
    for (const match of file.code.matchAll(pattern)) {
      const quoteAt = match.index + match[0].length - 1;
      const target = file.text.slice(quoteAt + 1, file.code.indexOf(match[1]!, quoteAt + 1));
      const to = target.startsWith(".") ? path.posix.join(path.posix.dirname(file.path), target) : target;
      const typeOnly = /^(?:import|export)\s+type\b/.test(match[0]);
      edges.push({ from: file.path, to, line: lineAt(file.text, match.index), typeOnly });
    }
  }
  return edges;
}

/** The shortest import cycle through any file, as `[a, b, a]`; `null` if there is none. */
export function findCycle(edges: readonly ImportEdge[]): string[] | null {
  const next = new Map<string, string[]>();
  for (const edge of edges) {
    const list = next.get(edge.from);
    if (list === undefined) next.set(edge.from, [edge.to]);
    else list.push(edge.to);
  }
  let shortest: string[] | null = null;
  for (const start of next.keys()) {
    const cycle = shortestPathBack(start, next);
    if (cycle !== null && (shortest === null || cycle.length < shortest.length)) shortest = cycle;
  }
  return shortest;
}

/** All import cycles, as far as breaking each one found leaves another one; for saying what to do in one go. */
export function findCycles(edges: readonly ImportEdge[]): string[][] {
  const found: string[][] = [];
  let left = edges;
  for (let cycle = findCycle(left); cycle !== null; cycle = findCycle(left)) {
    found.push(cycle);
    const [from, to] = [cycle.at(-2), cycle.at(-1)];
    left = left.filter((edge) => edge.from !== from || edge.to !== to);
  }
  return found;
}

function shortestPathBack(start: string, next: ReadonlyMap<string, readonly string[]>): string[] | null {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    for (const to of next.get(file) ?? []) {
      if (to === start) return [...chain(start, file, cameFrom), start];
      if (cameFrom.has(to)) continue;
      cameFrom.set(to, file);
      queue.push(to);
    }
  }
  return null;
}

function chain(start: string, end: string, cameFrom: ReadonlyMap<string, string>): string[] {
  const files = [end];
  while (files[0] !== start) files.unshift(cameFrom.get(files[0]!)!);
  return files;
}
