import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/**
 * The bytes of a file, of a large one no more than one byte above `limitBytes`, so that the caller sees that it is too large. Throws if it
 * can't be read, or is a pipe, a device, a socket or a folder: those can't be read again, or not at all, and may let a reader wait for ever.
 */
export function readRegularFile(path: string, limitBytes: number): Buffer<ArrayBuffer> {
  // A pipe would be waited for while it is opened.
  const file = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new Error("it is not a regular file");
    const bytes = Buffer.alloc(Math.min(limitBytes, Math.max(stat.size, FIRST_BYTES)) + 1);
    return readFrom(file, bytes, limitBytes);
  } finally {
    closeSync(file);
  }
}

/** Files of some file systems say that they are empty, and are not. */
const FIRST_BYTES = 4096;

function readFrom(file: number, first: Buffer<ArrayBuffer>, limitBytes: number): Buffer<ArrayBuffer> {
  let bytes = first;
  let length = 0;
  for (;;) {
    const count = readSync(file, bytes, length, bytes.length - length, null);
    length += count;
    if (count === 0 || length > limitBytes) return bytes.subarray(0, length);
    if (length < bytes.length) continue;
    const larger = Buffer.alloc(Math.min(limitBytes + 1, 2 * bytes.length));
    bytes.copy(larger);
    bytes = larger;
  }
}
