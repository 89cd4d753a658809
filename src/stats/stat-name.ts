/**
 * Joins two parts of a stat name with a dot. Dots at the ends of a part are dropped, `://`, `:/` and `:` become `_`, as
 * in Envoy.
 *
 * Differs from Envoy: other control characters become `_` too, so that a name from the configuration can't forge a line
 * of a text page.
 */
export function joinStatName(prefix: string, name: string): string {
  const clean = sanitizeStatName(name);
  if (prefix === "") return clean;
  return clean === "" ? prefix : `${prefix}.${clean}`;
}

/** One part of a stat name as it appears in full names; see `joinStatName`. */
export function sanitizeStatName(part: string): string {
  let from = 0;
  let to = part.length;
  while (from < to && part.charCodeAt(from) === 0x2e) from++;
  while (to > from && part.charCodeAt(to - 1) === 0x2e) to--;
  const inner = from === 0 && to === part.length ? part : part.slice(from, to);
  return NEEDS_CLEANING.test(inner) ? inner.replace(/:\/\/|:\/|[:\u0000-\u001f\u007f]/g, "_") : inner;
}

const NEEDS_CLEANING = /[:\u0000-\u001f\u007f]/;
