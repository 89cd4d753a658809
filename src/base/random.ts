import { randomFillSync, randomUUID } from "node:crypto";

/** Source of randomness. Injected, so that a test can choose the outcome. */
export interface RandomSource {
  /** A uniform integer in [0, 2^32). */
  uint32(): number;
  /** A uniform number in [0, 1). */
  fraction(): number;
  /** A random (version 4) UUID in lower case. */
  uuid(): string;
}

/**
 * Randomness from the operating system, fetched in blocks of 4 KiB because one system call per number would
 * cost more than the request it serves.
 */
export class SystemRandom implements RandomSource {
  readonly #block = new Uint8Array(4096);
  readonly #view = new DataView(this.#block.buffer);
  #used = 4096;

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  fraction(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  uuid(): string {
    // Node keeps a block of randomness for these, too.
    return randomUUID();
  }

  /** Reserves `count` fresh bytes and returns where they start. */
  #take(count: number): number {
    if (this.#used + count > this.#block.length) {
      randomFillSync(this.#block);
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += count;
    return at;
  }
}
