import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { AdminPiece, AdminResponse } from "../../src/admin/admin-handler.ts";
import type { Clock } from "../../src/base/clock.ts";
import { nextTurn } from "../../src/base/turn.ts";
import type { AdminExchange } from "./access-log.ts";

/** How long pieces of a page may be made before other work of the thread gets its turn. */
const SLICE_MS = 10;

/**
 * Sends a response. Pieces are made as the client takes them and never keep the thread for long. Stops when the client
 * goes away. Rejects if making a piece fails; the connection is then cut, because the head has been sent.
 */
export async function writeResponse(exchange: AdminExchange, response: AdminResponse, clock: Clock): Promise<void> {
  const { message, to } = exchange;
  const { status, contentType, headers, body } = response;
  const lengthBytes = typeof body === "string" ? Buffer.byteLength(body) : -1;
  to.statusCode = status;
  to.setHeader("content-type", contentType);
  if (lengthBytes !== -1) to.setHeader("content-length", lengthBytes);
  for (const [name, value] of Object.entries(headers ?? {})) to.setHeader(name, value);
  if (message.method === "HEAD") {
    to.end();
    return;
  }
  if (typeof body === "string") {
    exchange.bytesSent = lengthBytes;
    to.end(body);
    return;
  }
  try {
    await writePieces(exchange, body, clock);
  } catch (error) {
    to.destroy();
    throw error;
  }
}

async function writePieces(
  exchange: AdminExchange,
  pieces: Iterable<AdminPiece> | AsyncIterable<AdminPiece>,
  clock: Clock,
): Promise<void> {
  const { to } = exchange;
  let sliceEndsMs = clock.nowMs() + SLICE_MS;
  for await (const piece of pieces) {
    if (to.destroyed) return;
    exchange.bytesSent += Buffer.byteLength(piece);
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
