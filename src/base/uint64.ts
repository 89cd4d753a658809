/**
 * An unsigned 64-bit number that changes in place, as two halves: hashes are computed per request and per table entry, and a
 * `bigint` would be garbage at every step. All operations wrap around at 2^64.
 */
export class Uint64 {
  /** The upper 32 bits, as a signed integer. */
  high = 0;
  /** The lower 32 bits, as a signed integer. */
  low = 0;

  /** The halves may be signed or unsigned. */
  set(high: number, low: number): this {
    this.high = high | 0;
    this.low = low | 0;
    return this;
  }

  copy(other: Uint64): this {
    this.high = other.high;
    this.low = other.low;
    return this;
  }

  add(high: number, low: number): this {
    const sum = (this.low >>> 0) + (low >>> 0);
    this.low = sum | 0;
    this.high = (this.high + high + (sum > 0xffff_ffff ? 1 : 0)) | 0;
    return this;
  }

  multiply(high: number, low: number): this {
    const cross = Math.imul(this.high, low) + Math.imul(this.low, high);
    this.high = (multiplyHigh(this.low, low) + cross) | 0;
    this.low = Math.imul(this.low, low);
    return this;
  }

  xor(high: number, low: number): this {
    this.high ^= high;
    this.low ^= low;
    return this;
  }

  /** `bits` is from 1 to 31, or from 33 to 63. */
  rotateLeft(bits: number): this {
    const swap = bits > 32;
    const high = swap ? this.low : this.high;
    const low = swap ? this.high : this.low;
    const by = bits & 31;
    this.high = (high << by) | (low >>> (32 - by));
    this.low = (low << by) | (high >>> (32 - by));
    return this;
  }

  /** `x ^= x >> bits`. */
  xorShiftRight(bits: number): this {
    if (bits >= 32) {
      this.low ^= this.high >>> (bits - 32);
      return this;
    }
    this.low ^= (this.low >>> bits) | (this.high << (32 - bits));
    this.high ^= this.high >>> bits;
    return this;
  }

  /** The remainder of the division by an integer from 1 to 2^37. */
  modulo(divisor: number): number {
    let rest = (this.high >>> 0) % divisor;
    rest = (rest * 0x1_0000 + (this.low >>> 16)) % divisor;
    return (rest * 0x1_0000 + (this.low & 0xffff)) % divisor;
  }

  /** For tests and inspection: allocates. */
  toBigInt(): bigint {
    return (BigInt(this.high >>> 0) << 32n) | BigInt(this.low >>> 0);
  }

  setBigInt(value: bigint): this {
    return this.set(Number((value >> 32n) & 0xffff_ffffn), Number(value & 0xffff_ffffn));
  }

  /** 16 digits in lower case, the way Envoy prints such a number. */
  toHex(): string {
    return hexDigits(this.high) + hexDigits(this.low);
  }
}

function hexDigits(half: number): string {
  return (half >>> 0).toString(16).padStart(8, "0");
}

/** The upper half of the product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const cross = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + (middle >>> 16) + (cross >>> 16)) | 0;
}
