import type { CompressionStream } from "./compression-library.ts";

/** What a `BodyTransform` works for: one direction of a stream. Not called after `destroy`. */
export interface BodyTransformOwner {
  /** Input that may wait; 0 = no limit. */
  readonly limitBytes: number;
  /** Output, as it comes. */
  onBytes(bytes: Buffer): void;
  /** All output has come. */
  onEnd(): void;
  /** The input is broken, or becomes too long; nothing more comes. */
  onFailure(): void;
  /** Too much input waits (true), or has gone (false). */
  pauseInput(pause: boolean): void;
}

/** Settings of a `BodyTransform`. */
export interface BodyTransformLimits {
  /** Flush what is there whenever no input waits; null = never. */
  readonly flush: number | null;
  /** Fail when the output becomes so many times as long as the input. */
  readonly maxRatio: number;
}

/** Output up to here is never too much for its input. */
const ALWAYS_ALLOWED_BYTES = 64 * 1024;

/**
 * Compresses or decompresses one body on the process's thread pool, so that the worker goes on meanwhile. Input that waits is bounded by
 * pausing its sender.
 */
export class BodyTransform {
  readonly #stream: CompressionStream;
  readonly #owner: BodyTransformOwner;
  readonly #limits: BodyTransformLimits;
  #waitingBytes = 0;
  #paused = false;
  #ending = false;
  #over = false;
  inputBytes = 0;
  outputBytes = 0;

  constructor(stream: CompressionStream, owner: BodyTransformOwner, limits: BodyTransformLimits) {
    this.#stream = stream;
    this.#owner = owner;
    this.#limits = limits;
    stream.on("data", (bytes: Buffer) => this.#onBytes(bytes));
    stream.on("end", () => this.#onEnd());
    stream.on("error", () => this.#fail());
  }

  write(bytes: Buffer): void {
    if (this.#over || bytes.length === 0) return;
    this.inputBytes += bytes.length;
    this.#waitingBytes += bytes.length;
    this.#watchLimit();
    this.#stream.write(bytes, () => {
      this.#waitingBytes -= bytes.length;
      if (this.#over) return;
      this.#watchLimit();
      const { flush } = this.#limits;
      if (flush !== null && this.#waitingBytes === 0 && !this.#ending) this.#stream.flush(flush);
    });
  }

  end(): void {
    if (this.#over || this.#ending) return;
    this.#ending = true;
    this.#stream.end();
  }

  destroy(): void {
    if (this.#over) return;
    this.#over = true;
    this.#stream.destroy();
  }

  #onBytes(bytes: Buffer): void {
    if (this.#over) return;
    this.outputBytes += bytes.length;
    if (this.outputBytes > ALWAYS_ALLOWED_BYTES && this.outputBytes > this.inputBytes * this.#limits.maxRatio) {
      this.#fail();
    } else {
      this.#owner.onBytes(bytes);
    }
  }

  #onEnd(): void {
    if (this.#over) return;
    this.#over = true;
    this.#owner.onEnd();
  }

  #fail(): void {
    if (this.#over) return;
    this.destroy();
    if (this.#paused) this.#owner.pauseInput(false);
    this.#owner.onFailure();
  }

  #watchLimit(): void {
    const limit = this.#owner.limitBytes;
    const isOver = limit > 0 && this.#waitingBytes > (this.#paused ? limit / 2 : limit);
    if (isOver === this.#paused) return;
    this.#paused = isOver;
    this.#owner.pauseInput(isOver);
  }
}
