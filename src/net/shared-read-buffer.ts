import { READ_BUFFER_BYTES } from "./read-buffer-pool.ts";

/**
 * What sockets of this thread read into, all of them; what was read is copied out of it at once. That costs less than a
 * fresh 64 KiB for each read, and a large body takes fewer reads.
 */
export const sharedReadBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
