import type { Buffer } from "node:buffer";

/** Numbers and blocks with their length before them, read one after the other. What goes beyond the end breaks it, and it is at its end. */
export class HelloFields {
  isBroken = false;
  #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#bytes.length === 0;
  }

  skip(bytes: number): void {
    this.#take(bytes);
  }

  number(bytes: number): number {
    const taken = this.#take(bytes);
    return taken.length === 0 ? 0 : taken.readUIntBE(0, bytes);
  }

  /** What follows a length of so many bytes. */
  block(lengthBytes: number): HelloFields {
    return new HelloFields(this.#take(this.number(lengthBytes)));
  }

  text(): string {
    return this.#bytes.toString("latin1");
  }

  #take(bytes: number): Buffer {
    if (bytes > this.#bytes.length) {
      this.isBroken = true;
      this.#bytes = this.#bytes.subarray(0, 0);
      return this.#bytes;
    }
    const taken = this.#bytes.subarray(0, bytes);
    this.#bytes = this.#bytes.subarray(bytes);
    return taken;
  }
}
