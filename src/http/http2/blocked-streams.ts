import type { Http2Stream } from "./stream.ts";

/** How much of one stream is sent before the next one's turn. */
const TURN_BYTES = 16 * 1024;
const RENEWAL_DELETIONS = 256;

/** The streams of a connection with something that waits for windows, in the order of their turns. */
export class BlockedStreams {
  #streams = new Set<Http2Stream>();
  #deleted = 0;

  add(stream: Http2Stream): void {
    this.#streams.add(stream);
  }

  delete(stream: Http2Stream): void {
    if (!this.#streams.delete(stream)) return;
    // A set that streams come to and go from for ever would keep those that have gone: see `IdMap`.
    if (++this.#deleted < RENEWAL_DELETIONS) return;
    this.#deleted = 0;
    this.#streams = new Set(this.#streams);
  }

  /** After a window has opened: each stream in its turn, until none can send any more. */
  pump(): void {
    for (let sent = 1; sent > 0; ) {
      sent = 0;
      for (const stream of [...this.#streams]) {
        const ofStream = stream.pump(TURN_BYTES);
        sent += ofStream;
        if (ofStream === 0 || !stream.isBlocked) continue;
        // Had its turn: next time others come first.
        this.#streams.delete(stream);
        this.#streams.add(stream);
      }
    }
  }
}
