import { extname } from "node:path";
import { Piscina } from "piscina";
import { type AdminResponse, textResponse } from "../admin-handler.ts";
import type { ConfigDumpTask, DumpedConfigText } from "./config-dump-task.ts";

/** More requests at a time are refused: each may hold a whole configuration. */
const MAX_WAITING = 8;
/** The thread is kept this long for the next request. */
const IDLE_MS = 10_000;
/** What is handed to the socket at a time. */
const PIECE_BYTES = 256 * 1024;

/**
 * Makes configuration dumps on a thread that exists only while somebody asks for them, so that neither the main loop nor a
 * reload waits for one. Used on the main thread.
 */
export class ConfigDumpPool {
  #pool: Piscina<ConfigDumpTask, DumpedConfigText> | undefined;

  /** The answer to `/config_dump`; 503 if too many ask at once. Rejects if the thread dies. */
  async dump(task: ConfigDumpTask): Promise<AdminResponse> {
    this.#pool ??= startPool();
    if (this.#pool.queueSize >= MAX_WAITING) return textResponse(503, "too many configuration dumps at once\n");
    const { status, contentType, pieces } = await this.#pool.run(task);
    return { status, contentType, body: sliced(pieces) };
  }

  /** Stops the thread; dumps under way are rejected. */
  async close(): Promise<void> {
    await this.#pool?.destroy();
    this.#pool = undefined;
  }
}

function startPool(): Piscina<ConfigDumpTask, DumpedConfigText> {
  // The published package holds compiled files, where this module and its neighbour end in .js.
  const filename = new URL(`./config-dump-task${extname(import.meta.filename)}`, import.meta.url).href;
  return new Piscina({ filename, minThreads: 0, maxThreads: 1, idleTimeout: IDLE_MS, atomics: "disabled" });
}

function* sliced(pieces: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += PIECE_BYTES) yield piece.subarray(at, at + PIECE_BYTES);
  }
}
