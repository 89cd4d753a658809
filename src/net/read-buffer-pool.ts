/** How much one read can bring. */
export const READ_BUFFER_BYTES = 256 * 1024;
const SPARE_LIMIT = 16;

const spare: Buffer[] = [];

/** A buffer to read into, for one reader at a time. */
export function takeReadBuffer(): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
}

/** Takes back a buffer that nobody uses any more, or any part of it; the thread keeps a few for the next ones. */
export function giveBackReadBuffer(part: Buffer): void {
  if (spare.length < SPARE_LIMIT) spare.push(Buffer.from(part.buffer));
}
