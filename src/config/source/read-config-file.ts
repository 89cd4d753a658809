import { closeSync, openSync, readSync } from "node:fs";
import { MAX_CONFIG_BYTES } from "./open-source.ts";

const CHUNK_BYTES = 256 * 1024;

/** The bytes of a configuration file, or why it can't be read, with a hint. */
export type ConfigFileContent =
  | { readonly content: Uint8Array }
  | { readonly content?: undefined; readonly message: string; readonly hint?: string };

/**
 * Reads a file, or what a pipe or `/dev/stdin` gives, up to one byte more than a configuration may have. Blocks: for the
 * compiler thread.
 */
export function readConfigFile(path: string): ConfigFileContent {
  let descriptor: number;
  try {
    descriptor = openSync(path, "r");
  } catch (error) {
    return failure(error as NodeJS.ErrnoException);
  }
  try {
    const chunks: Uint8Array[] = [];
    let total = 0;
    while (total <= MAX_CONFIG_BYTES) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const read = readSync(descriptor, chunk, 0, CHUNK_BYTES, null);
      if (read === 0) break;
      chunks.push(chunk.subarray(0, read));
      total += read;
    }
    return { content: Buffer.concat(chunks) };
  } catch (error) {
    return failure(error as NodeJS.ErrnoException);
  } finally {
    closeSync(descriptor);
  }
}

function failure(error: NodeJS.ErrnoException): ConfigFileContent {
  switch (error.code) {
    case "ENOENT":
      return { message: "no such file", hint: "-c names the configuration file" };
    case "EISDIR":
      return { message: "is a directory", hint: "-c names the configuration file" };
    case "EACCES":
      return { message: "permission denied" };
    default:
      return { message: error.message };
  }
}
