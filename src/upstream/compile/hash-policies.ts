import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import type { HashRingSettings, MaglevSettings } from "../../lb/hash/table-policy.ts";

const DEFAULT_MIN_RING_SIZE = 1024;
/** Envoy's limit of a ring, and its default maximum. */
const MAX_RING_SIZE = 8_388_608;
const DEFAULT_TABLE_SIZE = 65_537;

/** The two ring sizes as a configuration writes them; undefined = the default. */
interface RingSizes {
  readonly minimumRingSize?: bigint | undefined;
  readonly maximumRingSize?: bigint | undefined;
}

/** The settings of a hash ring, checked. `place` is that of the message with the sizes. */
export function compileHashRing(
  sizes: RingSizes | undefined,
  hashFunction: HashRingSettings["hashFunction"],
  useHostname: boolean,
  place: Place,
  context: CompileContext,
): HashRingSettings {
  const minRingSize = Number(sizes?.minimumRingSize ?? DEFAULT_MIN_RING_SIZE);
  const maxRingSize = Number(sizes?.maximumRingSize ?? MAX_RING_SIZE);
  if (minRingSize > maxRingSize) {
    const text = `the minimum size of the ring (${minRingSize}) is above its maximum (${maxRingSize})`;
    context.error(place.field("minimum_ring_size"), text, "lower the minimum or raise maximum_ring_size");
  }
  return { minRingSize, maxRingSize, hashFunction, useHostname };
}

/** The settings of a Maglev table, checked. `place` is that of the message with the size. */
export function compileMaglev(
  tableSize: bigint | undefined,
  useHostname: boolean,
  place: Place,
  context: CompileContext,
): MaglevSettings {
  const size = Number(tableSize ?? DEFAULT_TABLE_SIZE);
  if (!isPrime(size)) {
    context.error(place.field("table_size"), `${size} is not a prime number`, `for instance ${primeNotBelow(size)}`);
  }
  return { tableSize: size, useHostname };
}

function isPrime(number: number): boolean {
  if (number < 2) return false;
  for (let divisor = 2; divisor * divisor <= number; divisor++) if (number % divisor === 0) return false;
  return true;
}

function primeNotBelow(number: number): number {
  let prime = number;
  while (!isPrime(prime)) prime++;
  return prime;
}
