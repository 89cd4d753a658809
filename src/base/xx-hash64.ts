import { Uint64 } from "./uint64.ts";

const PRIME_1_HIGH = 0x9e3779b1;
const PRIME_1_LOW = 0x85ebca87;
const PRIME_2_HIGH = 0xc2b2ae3d;
const PRIME_2_LOW = 0x27d4eb4f;
const PRIME_3_HIGH = 0x165667b1;
const PRIME_3_LOW = 0x9e3779f9;
const PRIME_4_HIGH = 0x85ebca77;
const PRIME_4_LOW = 0xc2b2ae63;
const PRIME_5_HIGH = 0x27d4eb2f;
const PRIME_5_LOW = 0x165667c5;

// A thread computes one hash at a time: its steps need no numbers of their own.
const lane1 = new Uint64();
const lane2 = new Uint64();
const lane3 = new Uint64();
const lane4 = new Uint64();
const step = new Uint64();

/**
 * xxHash64 of a text whose characters are bytes (`wireText` makes one), put into `into`. The seed is `into` as it comes: set it to 0
 * for a plain hash, leave the hash before in it to hash several texts as one. Allocates nothing.
 * Source: the xxHash specification, https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md.
 */
export function xxHash64(text: string, into: Uint64): Uint64 {
  const length = text.length;
  let at = 0;
  if (length >= 32) {
    lane1.copy(into).add(PRIME_1_HIGH, PRIME_1_LOW).add(PRIME_2_HIGH, PRIME_2_LOW);
    lane2.copy(into).add(PRIME_2_HIGH, PRIME_2_LOW);
    lane3.copy(into);
    lane4.copy(into).add(~PRIME_1_HIGH, -PRIME_1_LOW);
    for (; at + 32 <= length; at += 32) {
      round(lane1, word(text, at + 4), word(text, at));
      round(lane2, word(text, at + 12), word(text, at + 8));
      round(lane3, word(text, at + 20), word(text, at + 16));
      round(lane4, word(text, at + 28), word(text, at + 24));
    }
    mergeLanes(into);
  } else {
    into.add(PRIME_5_HIGH, PRIME_5_LOW);
  }
  into.add(0, length);
  addRest(text, at, into);
  into.xorShiftRight(33).multiply(PRIME_2_HIGH, PRIME_2_LOW);
  into.xorShiftRight(29).multiply(PRIME_3_HIGH, PRIME_3_LOW);
  return into.xorShiftRight(32);
}

function mergeLanes(into: Uint64): void {
  into.copy(lane1).rotateLeft(1);
  addRotated(into, lane2, 7);
  addRotated(into, lane3, 12);
  addRotated(into, lane4, 18);
  mergeLane(into, lane1);
  mergeLane(into, lane2);
  mergeLane(into, lane3);
  mergeLane(into, lane4);
}

function addRotated(into: Uint64, lane: Uint64, bits: number): void {
  step.copy(lane).rotateLeft(bits);
  into.add(step.high, step.low);
}

function mergeLane(into: Uint64, lane: Uint64): void {
  step.set(0, 0);
  round(step, lane.high, lane.low);
  into.xor(step.high, step.low).multiply(PRIME_1_HIGH, PRIME_1_LOW).add(PRIME_4_HIGH, PRIME_4_LOW);
}

/** The bytes that do not fill the lanes. */
function addRest(text: string, start: number, into: Uint64): void {
  const length = text.length;
  let at = start;
  for (; at + 8 <= length; at += 8) {
    step.set(0, 0);
    round(step, word(text, at + 4), word(text, at));
    into.xor(step.high, step.low).rotateLeft(27);
    into.multiply(PRIME_1_HIGH, PRIME_1_LOW).add(PRIME_4_HIGH, PRIME_4_LOW);
  }
  if (at + 4 <= length) {
    step.set(0, word(text, at)).multiply(PRIME_1_HIGH, PRIME_1_LOW);
    into.xor(step.high, step.low).rotateLeft(23);
    into.multiply(PRIME_2_HIGH, PRIME_2_LOW).add(PRIME_3_HIGH, PRIME_3_LOW);
    at += 4;
  }
  for (; at < length; at++) {
    step.set(0, text.charCodeAt(at) & 0xff).multiply(PRIME_5_HIGH, PRIME_5_LOW);
    into.xor(step.high, step.low).rotateLeft(11).multiply(PRIME_1_HIGH, PRIME_1_LOW);
  }
}

function round(lane: Uint64, high: number, low: number): void {
  inputStep.set(high, low).multiply(PRIME_2_HIGH, PRIME_2_LOW);
  lane.add(inputStep.high, inputStep.low).rotateLeft(31).multiply(PRIME_1_HIGH, PRIME_1_LOW);
}

const inputStep = new Uint64();

/** Four bytes, the first one lowest. */
function word(text: string, at: number): number {
  return (
    (text.charCodeAt(at) & 0xff) |
    ((text.charCodeAt(at + 1) & 0xff) << 8) |
    ((text.charCodeAt(at + 2) & 0xff) << 16) |
    (text.charCodeAt(at + 3) << 24)
  );
}
