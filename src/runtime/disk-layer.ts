import { lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type RuntimeEntry, textEntry } from "./runtime-entry.ts";

/** More files, larger ones or deeper folders are a mistake. */
const MAX_FILES = 10_000;
const MAX_FILE_BYTES = 64 * 1024;
const MAX_DEPTH = 20;

/** What a folder of runtime values holds. */
export interface DiskLayer {
  /** False if the folder is not there, which is no error. */
  readonly found: boolean;
  readonly entries: readonly (readonly [string, RuntimeEntry])[];
}

/**
 * Reads a tree of files: each is a value, its path with dots for slashes the key. Lines that begin with `#` are comments; trailing
 * white space goes. Throws with the reason if something can't be read. As Envoy's disk layer.
 */
export function readDiskLayer(folder: string): DiskLayer {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return { found: false, entries: [] };
  const entries: (readonly [string, RuntimeEntry])[] = [];
  readFolder(folder, "", entries, 0);
  return { found: true, entries };
}

function readFolder(folder: string, prefix: string, entries: (readonly [string, RuntimeEntry])[], depth: number): void {
  if (depth > MAX_DEPTH) throw new Error(`${folder}: folders are nested more than ${MAX_DEPTH} deep`);
  for (const name of readdirSync(folder).sort()) {
    const path = join(folder, name);
    const key = prefix === "" ? name : `${prefix}.${name}`;
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined)
      throw new Error(`${path}: ${lstatSync(path).isSymbolicLink() ? "a dangling link" : "gone"}`);
    if (stat.isDirectory()) readFolder(path, key, entries, depth + 1);
    else if (stat.size > MAX_FILE_BYTES) throw new Error(`${path}: more than ${MAX_FILE_BYTES} bytes`);
    else if (entries.length >= MAX_FILES) throw new Error(`${folder}: more than ${MAX_FILES} files`);
    else entries.push([key, textEntry(uncommented(readFileSync(path, "utf8")))]);
  }
}

function uncommented(content: string): string {
  const lines = content.split("\n").filter((line) => !line.startsWith("#"));
  return lines.join("\n").trimEnd();
}
