/** Entries of a table, each with a 64-bit hash in two halves and the index of what it belongs to. */
export interface HashedEntries {
  readonly highs: Uint32Array;
  readonly lows: Uint32Array;
  readonly owners: Uint32Array;
}

const DIGIT_BITS = 16;
const DIGITS = 1 << DIGIT_BITS;

/** The entries in the order of their hashes; equal ones stay in theirs. Takes linear time. */
export function sortByHash(entries: HashedEntries): HashedEntries {
  if (entries.owners.length < 2) return entries;
  let sorted = entries;
  const counts = new Uint32Array(DIGITS);
  for (const half of ["lows", "highs"] as const) {
    sorted = sortByDigit(sorted, half, 0, counts);
    sorted = sortByDigit(sorted, half, DIGIT_BITS, counts);
  }
  return sorted;
}

function sortByDigit(from: HashedEntries, half: "lows" | "highs", shift: number, counts: Uint32Array): HashedEntries {
  const size = from.owners.length;
  const keys = from[half];
  counts.fill(0);
  for (let at = 0; at < size; at++) counts[(keys[at]! >>> shift) & (DIGITS - 1)]!++;
  let start = 0;
  for (let digit = 0; digit < DIGITS; digit++) {
    const count = counts[digit]!;
    counts[digit] = start;
    start += count;
  }
  const to = { highs: new Uint32Array(size), lows: new Uint32Array(size), owners: new Uint32Array(size) };
  for (let at = 0; at < size; at++) {
    const place = counts[(keys[at]! >>> shift) & (DIGITS - 1)]!++;
    to.highs[place] = from.highs[at]!;
    to.lows[place] = from.lows[at]!;
    to.owners[place] = from.owners[at]!;
  }
  return to;
}
