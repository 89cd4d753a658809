/** What a peer may still send, on a stream or a connection (RFC 9113 §5.2). */
export class ReceiveWindow {
  #bytes: number;
  readonly #sizeBytes: number;
  /** Used up by us, and not given back yet. */
  #unannouncedBytes = 0;

  constructor(sizeBytes: number) {
    this.#bytes = sizeBytes;
    this.#sizeBytes = sizeBytes;
  }

  /** Bytes have come; false if they were more than allowed. */
  take(bytes: number): boolean {
    this.#bytes -= bytes;
    return this.#bytes >= 0;
  }

  /** Bytes are used. Answers what is to be announced with WINDOW_UPDATE: 0, or half of the window and more. */
  giveBack(bytes: number): number {
    this.#unannouncedBytes += bytes;
    if (this.#unannouncedBytes * 2 < this.#sizeBytes) return 0;
    const announced = this.#unannouncedBytes;
    this.#bytes += announced;
    this.#unannouncedBytes = 0;
    return announced;
  }
}
