const SMALLEST_CAPACITY = 256;

/** Bytes kept until more come. Grows by doubling, so that bytes which trickle in are not copied over and over. */
export class PendingBytes {
  /** Only the first `length` bytes count. May be replaced by `append`. */
  buffer: Buffer;
  length: number;

  /** Takes `first` over without copying it. */
  constructor(first: Buffer) {
    this.buffer = first;
    this.length = first.length;
  }

  /** Starts with a copy of `data[from, to)`, so that a large read is not kept alive by its last few bytes. */
  static copyOf(data: Buffer, from: number, to: number): PendingBytes {
    const buffer = Buffer.allocUnsafeSlow(Math.max(to - from, SMALLEST_CAPACITY));
    data.copy(buffer, 0, from, to);
    const pending = new PendingBytes(buffer);
    pending.length = to - from;
    return pending;
  }

  /** Adds a copy of `data[from, to)`. */
  append(data: Buffer, from: number, to: number): void {
    const length = this.length + (to - from);
    if (length > this.buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, this.buffer.length * 2, SMALLEST_CAPACITY));
      this.buffer.copy(larger, 0, 0, this.length);
      this.buffer = larger;
    }
    data.copy(this.buffer, this.length, from, to);
    this.length = length;
  }

  /** All bytes, as a view. */
  view(): Buffer {
    return this.length === this.buffer.length ? this.buffer : this.buffer.subarray(0, this.length);
  }
}
