import type net from "node:net";

/** Writes a part to a socket; strings are latin1. */
export function writePart(socket: net.Socket, part: Buffer | string): void {
  if (typeof part === "string") socket.write(part, "latin1");
  else socket.write(part);
}

/** Parts as one buffer; `bytes` is their length. */
export function joinParts(
  first: Buffer | string,
  second: Buffer | string,
  others: readonly (Buffer | string)[] | null,
  bytes: number,
): Buffer {
  const joined = Buffer.allocUnsafe(bytes);
  let at = put(joined, first, 0);
  at = put(joined, second, at);
  if (others !== null) for (const part of others) at = put(joined, part, at);
  return joined;
}

/** Writes a part at `at`; answers where the next one goes. */
function put(target: Buffer, part: Buffer | string, at: number): number {
  if (typeof part === "string") return at + target.write(part, at, "latin1");
  target.set(part, at);
  return at + part.length;
}
