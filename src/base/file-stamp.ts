import { statSync } from "node:fs";

/** A file that went into a configuration, and its `fileStamp` from before it was read. */
export interface StampedFile {
  readonly path: string;
  readonly stamp: string;
}

/** Changes with the file behind the path and with its content; `""` if there is none. */
export function fileStamp(path: string): string {
  try {
    const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path);
    return `${dev} ${ino} ${size} ${mtimeMs} ${ctimeMs}`;
  } catch {
    return "";
  }
}
