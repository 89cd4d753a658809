import type { Http2Stream } from "./stream.ts";

/** How much of one stream is sent before the next one's turn. */
const TURN_BYTES = 16 * 1024;

/** The streams of a connection with something that waits for windows, in the order of their turns. */
export class BlockedStreams {
  readonly #streams = new Set<Http2Stream>();

  add(stream: Http2Stream): void {
    this.#streams.add(stream);
  }

  delete(stream: Http2Stream): void {
    this.#streams.delete(stream);
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
