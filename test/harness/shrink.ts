/**
 * The shortest text it can find for which `fails` still holds, by leaving out ever smaller parts. `fails(text)` must hold.
 * Bounded, because each try may be slow.
 */
export async function shrink(text: string, fails: (text: string) => Promise<boolean>): Promise<string> {
  let best = text;
  let tries = 3000;
  for (let size = Math.ceil(best.length / 2); size >= 1; ) {
    let removed = false;
    for (let at = 0; at < best.length && tries > 0; ) {
      const candidate = best.slice(0, at) + best.slice(at + size);
      tries--;
      if (await fails(candidate)) {
        best = candidate;
        removed = true;
      } else {
        at += size;
      }
    }
    if (!removed || size > 1) size = size === 1 ? 0 : Math.ceil(size / 2);
    if (tries === 0) break;
  }
  return best;
}
