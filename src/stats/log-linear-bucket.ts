/**
 * The buckets of every histogram: 90 per power of ten (two significant digits), from 1e-9 to 1e18, and one for zero.
 * The same as circllhist's, which Envoy uses. Because all histograms share them, adding up counts merges histograms
 * without any loss.
 */

/** Power of ten of the smallest values that are told apart from zero. */
const SMALLEST_EXPONENT = -9;
/** Power of ten of the largest bucket; larger values are counted there. */
const LARGEST_EXPONENT = 17;
/** Buckets in a power of ten. */
export const BUCKETS_PER_DECADE = 90;
/** How many powers of ten there are. */
export const DECADE_COUNT = LARGEST_EXPONENT - SMALLEST_EXPONENT + 1;
/** The number of the bucket that holds zero (and anything below 1e-9). The others follow in order of their bounds. */
export const ZERO_BUCKET = 0;
/** Number of the bucket with the largest values. */
export const LAST_BUCKET = DECADE_COUNT * BUCKETS_PER_DECADE;

/** The number of the bucket for a value, which must be finite and not negative. */
export function bucketOf(value: number): number {
  if ((value | 0) === value) return bucketOfInteger(value);
  if (value < 1e-9) return ZERO_BUCKET;
  let exponent = Math.floor(Math.log10(value));
  if (exponent > LARGEST_EXPONENT) return LAST_BUCKET;
  // The small addend keeps a value such as 0.11, which can't be held exactly, from falling into the bucket below.
  let digits = Math.floor((exponent < 1 ? value * 10 ** (1 - exponent) : value / 10 ** (exponent - 1)) + 1e-13);
  if (digits >= 100) {
    digits = 10;
    exponent++;
  } else if (digits < 10) {
    digits = 99;
    exponent--;
  }
  return numberOf(exponent, digits);
}

function bucketOfInteger(value: number): number {
  if (value === 0) return ZERO_BUCKET;
  if (value < 10) return numberOf(0, value * 10);
  let digits = value;
  let exponent = 1;
  while (digits >= 100) {
    digits = (digits / 10) | 0;
    exponent++;
  }
  return numberOf(exponent, digits);
}

function numberOf(exponent: number, digits: number): number {
  if (exponent > LARGEST_EXPONENT) return LAST_BUCKET;
  if (exponent < SMALLEST_EXPONENT) return ZERO_BUCKET;
  return 1 + (exponent - SMALLEST_EXPONENT) * BUCKETS_PER_DECADE + digits - 10;
}

/** The smallest value that belongs to the bucket. */
export function lowerBoundOf(bucket: number): number {
  if (bucket === ZERO_BUCKET) return 0;
  const digits = ((bucket - 1) % BUCKETS_PER_DECADE) + 10;
  return scaled(digits, exponentOf(bucket) - 1);
}

/** The first value beyond the bucket; for the bucket of zero, zero. */
export function upperBoundOf(bucket: number): number {
  if (bucket === ZERO_BUCKET) return 0;
  const digits = ((bucket - 1) % BUCKETS_PER_DECADE) + 11;
  return scaled(digits, exponentOf(bucket) - 1);
}

/** Distance between the bucket's bounds. */
export function widthOf(bucket: number): number {
  return bucket === ZERO_BUCKET ? 0 : scaled(1, exponentOf(bucket) - 1);
}

function exponentOf(bucket: number): number {
  return Math.floor((bucket - 1) / BUCKETS_PER_DECADE) + SMALLEST_EXPONENT;
}

/** `digits` times a power of ten; dividing for negative powers gives the decimal that a person expects. */
function scaled(digits: number, power: number): number {
  return power >= 0 ? digits * 10 ** power : digits / 10 ** -power;
}
