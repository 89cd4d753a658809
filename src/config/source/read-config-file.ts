import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from "node:fs";
import { isatty } from "node:tty";
import { systemClock } from "../../base/clock.ts";
import { readRegularFile } from "../../base/read-regular-file.ts";
import { MAX_CONFIG_BYTES } from "./open-source.ts";

const CHUNK_BYTES = 256 * 1024;
/** A pipe that brings nothing for so long is given up. */
const QUIET_MS = 30_000;
const POLL_MS = 5;

/** The bytes of a configuration file, or why it can't be read, with a hint. */
export type ConfigFileContent = { readonly content: Uint8Array } | UnreadableFile;

interface UnreadableFile {
  readonly content?: undefined;
  readonly message: string;
  readonly hint?: string;
}

/**
 * Reads a file, or what a pipe, `<(a command)` or `/dev/stdin` gives, up to one byte more than a configuration may have. A pipe that
 * nobody writes to is given up after `quietMs` (default 30,000); a person at a terminal may take their time. Blocks: for the compiler thread.
 */
export function readConfigFile(path: string, quietMs: number = QUIET_MS): ConfigFileContent {
  let descriptor: number;
  try {
    // Opening a pipe would wait until somebody writes to it.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return failure(error as NodeJS.ErrnoException);
  }
  try {
    return readAll(descriptor, isatty(descriptor) ? Number.POSITIVE_INFINITY : quietMs);
  } catch (error) {
    return failure(error as NodeJS.ErrnoException);
  } finally {
    closeSync(descriptor);
  }
}

function readAll(descriptor: number, quietMs: number): ConfigFileContent {
  const awaitsWriter = isNamedPipe(descriptor);
  const chunks: Uint8Array[] = [];
  let total = 0;
  let quietSinceMs = systemClock.nowMs();
  while (total <= MAX_CONFIG_BYTES) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const read = readNow(descriptor, chunk);
    if (read > 0) {
      chunks.push(chunk.subarray(0, read));
      total += read;
      quietSinceMs = systemClock.nowMs();
      continue;
    }
    if (read === 0 && (total > 0 || !awaitsWriter)) break;
    if (systemClock.nowMs() - quietSinceMs >= quietMs) return quietPipe(total, quietMs);
    sleep(POLL_MS);
  }
  return { content: Buffer.concat(chunks) };
}

/** 0 at the end, or if a pipe has no writer; -1 if there is nothing yet. */
function readNow(descriptor: number, chunk: Uint8Array): number {
  try {
    return readSync(descriptor, chunk, 0, chunk.length, null);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return -1;
    throw error;
  }
}

/** Whether it is a pipe with a name, to which a writer may come yet. Those without one have theirs from the start. */
function isNamedPipe(descriptor: number): boolean {
  if (!fstatSync(descriptor).isFIFO()) return false;
  try {
    return !readlinkSync(`/proc/self/fd/${descriptor}`).startsWith("pipe:");
  } catch {
    return true;
  }
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

function quietPipe(total: number, quietMs: number): UnreadableFile {
  const time = `${quietMs / 1000} s`;
  return total === 0
    ? {
        message: `is a pipe, and nothing came from it for ${time}`,
        hint: "write the configuration to it, or name a file",
      }
    : { message: `is a pipe, and ${total} bytes came from it, then nothing for ${time}`, hint: "close it at the end" };
}

/**
 * Reads a file that a setting names and that is read again when it changes: pipes are refused. A file that is too large comes with one
 * byte more than it may have.
 */
export function readNamedFile(path: string): ConfigFileContent {
  try {
    return { content: readRegularFile(path, MAX_CONFIG_BYTES) };
  } catch (error) {
    return { message: failure(error as NodeJS.ErrnoException).message };
  }
}

function failure(error: NodeJS.ErrnoException): UnreadableFile {
  switch (error.code) {
    case "ENOENT":
      return { message: "no such file", hint: "-c names the configuration file" };
    case "EISDIR":
      return { message: "is a directory", hint: "-c names the configuration file" };
    case "EACCES":
      return { message: "permission denied" };
    case "ENXIO":
      return { message: "is a socket, which can't be opened as a file", hint: "give a file or a pipe" };
    default:
      return { message: error.message };
  }
}
