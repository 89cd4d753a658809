/**
 * A path whose query has other parameters: `set` replaces the first of each name, or adds it at the end; `remove` takes all of a name
 * away. Names and values are as they stand in a path; nothing is encoded.
 */
export function changeQuery(
  path: string,
  set: readonly (readonly [string, string])[],
  remove: readonly string[],
): string {
  const question = path.indexOf("?");
  const before = question === -1 ? path : path.slice(0, question);
  const parts = question === -1 || question === path.length - 1 ? [] : path.slice(question + 1).split("&");
  const due = new Map(set);
  const gone = new Set(remove);
  const kept: string[] = [];
  for (const part of parts) {
    const equals = part.indexOf("=");
    const name = equals === -1 ? part : part.slice(0, equals);
    if (gone.has(name)) continue;
    const value = due.get(name);
    if (value !== undefined) kept.push(`${name}=${value}`);
    else if (!set.some(([other]) => other === name)) kept.push(part);
    due.delete(name);
  }
  for (const [name, value] of due) if (!gone.has(name)) kept.push(`${name}=${value}`);
  return kept.length === 0 ? before : `${before}?${kept.join("&")}`;
}
