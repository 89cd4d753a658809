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

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

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
    const at = this.#take(16);
    const b = this.#block;
    const h = (i: number): string => HEX[b[at + i]!]!;
    const version = HEX[(b[at + 6]! & 0x0f) | 0x40]!;
    const variant = HEX[(b[at + 8]! & 0x3f) | 0x80]!;
    return `${h(0)}${h(1)}${h(2)}${h(3)}-${h(4)}${h(5)}-${version}${h(7)}-${variant}${h(9)}-${h(10)}${h(11)}${h(12)}${h(13)}${h(14)}${h(15)}`;
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
