/** How long is waited for what has to come unless a test says otherwise: no measure of speed, for a machine may have more to do. */
export const PATIENCE_MS = 30_000;

/**
 * Resolves as soon as `condition` is true, looking once per turn of the event loop. Rejects with what was awaited after
 * `deadlineMs`: a test that waits for the wrong thing fails instead of hanging.
 */
export async function until(what: string, condition: () => boolean, deadlineMs = PATIENCE_MS): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`${what} did not happen within ${deadlineMs} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** As `until` for what has to be asked: looks again a little later each time. */
export async function untilAsked(
  what: string,
  condition: () => Promise<boolean>,
  deadlineMs = PATIENCE_MS,
): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > endMs) throw new Error(`${what} did not happen within ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
