/**
 * Resolves as soon as `condition` is true, looking once per turn of the event loop. Rejects with what was awaited after
 * `deadlineMs`: a test that waits for the wrong thing fails instead of hanging.
 */
export async function until(what: string, condition: () => boolean, deadlineMs = 30_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`${what} did not happen within ${deadlineMs} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** As `until` for what has to be asked: looks again a little later each time. */
export async function untilAsked(what: string, condition: () => Promise<boolean>, deadlineMs = 30_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`${what} did not happen within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
