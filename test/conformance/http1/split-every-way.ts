/** One way of cutting bytes into reads. */
export interface Split {
  readonly name: string;
  readonly pieces: readonly Buffer[];
}

const RANDOM_SPLITS = 6;
/** Longer inputs are not cut at each single position. */
const EACH_CUT_LIMIT = 300;

/** Cuts latin1 `bytes` in many ways: whole, byte by byte, in two at each position, and in random pieces (always the same ones). */
export function* splitEveryWay(bytes: string): Generator<Split> {
  const whole = Buffer.from(bytes, "latin1");
  yield { name: "whole", pieces: [copy(whole, 0, whole.length)] };
  const singles: Buffer[] = [];
  for (let i = 0; i < whole.length; i++) singles.push(copy(whole, i, i + 1));
  yield { name: "byte by byte", pieces: singles };
  if (whole.length <= EACH_CUT_LIMIT) {
    for (let i = 1; i < whole.length; i++) {
      yield { name: `cut at ${i}`, pieces: [copy(whole, 0, i), copy(whole, i, whole.length)] };
    }
  }
  let random = whole.length + 1;
  for (let round = 0; round < RANDOM_SPLITS; round++) {
    const pieces: Buffer[] = [];
    for (let at = 0; at < whole.length; ) {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0;
      const end = Math.min(whole.length, at + 1 + ((random >>> 16) % (2 << (round * 2))));
      pieces.push(copy(whole, at, end));
      at = end;
    }
    yield { name: `random ${round}`, pieces };
  }
}

/** Each piece has memory of its own, so that a view kept too long would show. */
function copy(bytes: Buffer, from: number, to: number): Buffer {
  return Buffer.from(bytes.subarray(from, to));
}
