const EMPTY = Buffer.alloc(0);

/** Body held back by filters in one direction of a stream. Kept as the pieces that came in. */
export class BufferedBody {
  #pieces: Buffer[] = [];
  #lengthBytes = 0;
  /** Whether an empty piece was added, so that there is something to hand on although it has no bytes. */
  #present = false;

  get lengthBytes(): number {
    return this.#lengthBytes;
  }

  /** Whether anything was added since the last `take`, be it empty. */
  get present(): boolean {
    return this.#present;
  }

  add(bytes: Buffer): void {
    this.#present = true;
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#lengthBytes += bytes.length;
  }

  /** All of it as one buffer, which stays here too. */
  peek(): Buffer {
    if (this.#pieces.length === 0) return EMPTY;
    if (this.#pieces.length > 1) this.#pieces = [Buffer.concat(this.#pieces, this.#lengthBytes)];
    return this.#pieces[0]!;
  }

  /** All of it; the buffer is empty afterwards. */
  take(): Buffer {
    const all = this.peek();
    this.#pieces = [];
    this.#lengthBytes = 0;
    this.#present = false;
    return all;
  }

  replace(bytes: Buffer): void {
    this.take();
    this.add(bytes);
  }
}
