import { Uint64 } from "./uint64.ts";

const FACTOR_HIGH = 0xc6a4a793;
const FACTOR_LOW = 0x5bd1e995;
/** The seed of GNU's `std::hash`, which Envoy keeps to. */
const SEED = 0xc70f6907;

const step = new Uint64();

/**
 * The 64-bit MurmurHash 2 (`MurmurHash64A`) of a text whose characters are bytes, put into `into`, with the seed that GNU's standard
 * C++ library uses. Allocates nothing. Source: Envoy's `MurmurHash::murmurHash2`.
 */
export function murmurHash2(text: string, into: Uint64): Uint64 {
  const length = text.length;
  into.set(0, length).multiply(FACTOR_HIGH, FACTOR_LOW).xor(0, SEED);
  let at = 0;
  for (; at + 8 <= length; at += 8) {
    load(text, at, 8).multiply(FACTOR_HIGH, FACTOR_LOW).xorShiftRight(47).multiply(FACTOR_HIGH, FACTOR_LOW);
    into.xor(step.high, step.low).multiply(FACTOR_HIGH, FACTOR_LOW);
  }
  if (at < length) {
    load(text, at, length - at);
    into.xor(step.high, step.low).multiply(FACTOR_HIGH, FACTOR_LOW);
  }
  return into.xorShiftRight(47).multiply(FACTOR_HIGH, FACTOR_LOW).xorShiftRight(47);
}

/** Up to eight bytes as a number, the first one lowest. */
function load(text: string, start: number, count: number): Uint64 {
  let low = 0;
  let high = 0;
  for (let at = 0; at < count; at++) {
    const byte = text.charCodeAt(start + at) & 0xff;
    if (at < 4) low |= byte << (8 * at);
    else high |= byte << (8 * (at - 4));
  }
  return step.set(high, low);
}
