/** Characters in a chunk of a rendered page: large enough to be sent well, small enough to take well under 5 ms. */
const CHUNK_LENGTH = 64 * 1024;

/** Collects pieces of text into chunks of a good size for sending. */
export class ChunkBuffer {
  #pieces: string[] = [];
  #length = 0;

  /** Adds a piece; true if it is time to `take` what there is. */
  add(piece: string): boolean {
    this.#pieces.push(piece);
    this.#length += piece.length;
    return this.#length >= CHUNK_LENGTH;
  }

  /** What was added since the last call. */
  take(): string {
    const text = this.#pieces.join("");
    this.#pieces = [];
    this.#length = 0;
    return text;
  }
}
