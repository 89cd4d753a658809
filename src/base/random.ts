import { randomFillSync } from "node:crypto";

/** Source of randomness. Injected, so that a test can choose the outcome. */
export interface RandomSource {
  /** A uniform integer in [0, 2^32). */
  uint32(): number;
  /** A uniform number in [0, 1). */
  fraction(): number;
  /** A random (version 4) UUID in lower case. */
  uuid(): string;
}

const HEX_DIGITS = Buffer.from("0123456789abcdef", "latin1");
const UUID_LENGTH = 36;

/**
 * Randomness from the operating system, fetched in blocks of 4 KiB because one system call per number would
 * cost more than the request it serves.
 */
export class SystemRandom implements RandomSource {
  readonly #block = new Uint8Array(4096);
  readonly #view = new DataView(this.#block.buffer);
  /** Where a UUID is written before it becomes a string: one piece instead of some twenty joined ones. */
  readonly #uuidText = Buffer.alloc(UUID_LENGTH, "-", "latin1");
  #used = 4096;

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  fraction(): number {
    return this.uint32() / 0x1_0000_0000;
  }

  uuid(): string {
    const at = this.#take(16);
    const block = this.#block;
    const text = this.#uuidText;
    for (let i = 0, to = 0; i < 16; i++) {
      if (i === 4 || i === 6 || i === 8 || i === 10) to++;
      let byte = block[at + i]!;
      if (i === 6) byte = (byte & 0x0f) | 0x40;
      else if (i === 8) byte = (byte & 0x3f) | 0x80;
      text[to++] = HEX_DIGITS[byte >> 4]!;
      text[to++] = HEX_DIGITS[byte & 15]!;
    }
    return text.toString("latin1");
  }

  /** So many fresh bytes, fit for keys. */
  bytes(count: number): Uint8Array {
    return randomFillSync(new Uint8Array(count));
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
