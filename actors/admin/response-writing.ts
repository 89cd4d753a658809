import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { AdminPiece, AdminResponse } from "../../src/admin/admin-handler.ts";
import type { Clock } from "../../src/base/clock.ts";
import { nextTurn } from "../../src/base/turn.ts";

/** How long pieces of a page may be made before other work of the thread gets its turn. */
const SLICE_MS = 10;

/**
 * Sends a response. Pieces are made as the client takes them and never keep the thread for long. Stops when the client
 * goes away. Rejects if making a piece fails; the connection is then cut, because the head has been sent.
 */
export async function writeResponse(
  to: ServerResponse,
  response: AdminResponse,
  clock: Clock,
  withBody: boolean,
): Promise<void> {
  const { status, contentType, headers, body } = response;
  const length = typeof body === "string" ? { "content-length": String(Buffer.byteLength(body)) } : {};
  to.writeHead(status, { "content-type": contentType, ...length, ...headers });
  if (!withBody || typeof body === "string") {
    to.end(withBody && typeof body === "string" ? body : undefined);
    return;
  }
  try {
    await writePieces(to, body, clock);
  } catch (error) {
    to.destroy();
    throw error;
  }
}

async function writePieces(
  to: ServerResponse,
  pieces: Iterable<AdminPiece> | AsyncIterable<AdminPiece>,
  clock: Clock,
): Promise<void> {
  let sliceEndsMs = clock.nowMs() + SLICE_MS;
  for await (const piece of pieces) {
    if (to.destroyed) return;
    if (piece.length > 0 && !to.write(piece)) await drained(to);
    if (clock.nowMs() < sliceEndsMs) continue;
    await new Promise<void>((resolve) => nextTurn(resolve));
    sliceEndsMs = clock.nowMs() + SLICE_MS;
  }
  to.end();
}

/** Resolves when the client has taken what was written, or has gone away. */
async function drained(to: ServerResponse): Promise<void> {
  const wait = new AbortController();
  const ended = (): void => wait.abort();
  to.once("close", ended);
  try {
    if (!to.destroyed) await once(to, "drain", { signal: wait.signal });
  } catch {
    // The client has gone away; the caller sees it.
  } finally {
    to.off("close", ended);
  }
}
