const SIZE = 624;
const SHIFT = 397;

/** The generator MT19937 of 32-bit numbers: where C++'s `std::mt19937` must be followed number by number. Not for secrets. */
export class MersenneTwister {
  readonly #state = new Uint32Array(SIZE);
  #at = SIZE;

  /** Starts anew from the lower 32 bits of `value`. */
  seed(value: number): void {
    const state = this.#state;
    state[0] = value;
    for (let at = 1; at < SIZE; at++) {
      const before = state[at - 1]!;
      state[at] = Math.imul(1812433253, before ^ (before >>> 30)) + at;
    }
    this.#at = SIZE;
  }

  /** A uniform integer in [0, 2^32). */
  uint32(): number {
    if (this.#at === SIZE) this.#twist();
    let value = this.#state[this.#at++]!;
    value ^= value >>> 11;
    value ^= (value << 7) & 0x9d2c5680;
    value ^= (value << 15) & 0xefc60000;
    value ^= value >>> 18;
    return value >>> 0;
  }

  #twist(): void {
    const state = this.#state;
    for (let at = 0; at < SIZE; at++) {
      const mixed = (state[at]! & 0x8000_0000) | (state[(at + 1) % SIZE]! & 0x7fff_ffff);
      state[at] = state[(at + SHIFT) % SIZE]! ^ (mixed >>> 1) ^ ((mixed & 1) * 0x9908b0df);
    }
    this.#at = 0;
  }
}
