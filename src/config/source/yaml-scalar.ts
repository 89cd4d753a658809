const BOOLEANS = new Map<string, boolean>();
for (const [word, value] of [
  ["true", true],
  ["yes", true],
  ["on", true],
  ["y", true],
  ["false", false],
  ["no", false],
  ["off", false],
  ["n", false],
] as const) {
  for (const form of [word, word.toUpperCase(), word[0]!.toUpperCase() + word.slice(1)]) BOOLEANS.set(form, value);
}

/**
 * The value of a plain (unquoted) YAML scalar as Envoy reads it: the empty text, `~` and `null` are null, `yes`/`no`/`on`/`off` are
 * booleans too, integers may be hexadecimal (`0x1f`) or octal (`017`, `0o17`), and all else is a string. Fractions stay text: the
 * field's type decides later. Integers beyond 2^53 also stay text, so that no digit is lost.
 */
export function plainScalar(text: string): null | boolean | number | string {
  if (text === "" || text === "~" || text === "null" || text === "Null" || text === "NULL") return null;
  const first = text.charCodeAt(0);
  const startsAsNumber = (first >= 48 && first <= 57) || first === 43 || first === 45;
  if (!startsAsNumber) return BOOLEANS.get(text) ?? text;
  const integer = plainInteger(text);
  return integer !== undefined && Number.isSafeInteger(integer) ? integer : text;
}

/** Reads a decimal, hexadecimal or octal integer; undefined if `text` is none. */
function plainInteger(text: string): number | undefined {
  const match = /^([+-]?)(?:0[xX]([0-9a-fA-F]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))$/.exec(text);
  if (match === null) return undefined;
  const [, sign, hex, octal, decimal] = match;
  const size =
    hex !== undefined ? Number.parseInt(hex, 16) : Number.parseInt(octal ?? decimal!, octal === undefined ? 10 : 8);
  return sign === "-" ? -size : size;
}
