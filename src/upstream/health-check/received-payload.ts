/** Most bytes that a check ever looks at. */
const LIMIT_BYTES = 1024 * 1024;

/** Collects what a host says until it holds all that is expected, in order. Other bytes may stand between. */
export class ReceivedPayload {
  readonly #expected: readonly Buffer[];
  readonly #limitBytes: number;
  #bytes: Buffer = Buffer.alloc(0);

  /** `limitBytes` 0 = 1 MiB; more is not kept in any case. */
  constructor(expected: readonly Buffer[], limitBytes: number) {
    this.#expected = expected;
    this.#limitBytes = limitBytes === 0 ? LIMIT_BYTES : Math.min(limitBytes, LIMIT_BYTES);
  }

  /** Keeps a copy, up to the limit. */
  add(data: Buffer): void {
    if (this.#expected.length === 0 || this.isFull) return;
    this.#bytes = Buffer.concat([this.#bytes, data.subarray(0, this.#limitBytes - this.#bytes.length)]);
  }

  /** Nothing that comes now changes anything. */
  get isFull(): boolean {
    return this.#bytes.length >= this.#limitBytes;
  }

  /** Whether all that is expected is there. */
  get matches(): boolean {
    let at = 0;
    for (const part of this.#expected) {
      const found = this.#bytes.indexOf(part, at);
      if (found === -1) return false;
      at = found + part.length;
    }
    return true;
  }
}
