/**
 * The two notions of time that Troupe uses. Injected everywhere; only this file reads the machine's clocks.
 * Both may be called on any thread.
 */
export interface Clock {
  /** Milliseconds from an arbitrary origin, never going back; for timeouts and durations. */
  nowMs(): number;
  /** Milliseconds since the Unix epoch; for what a person reads (logs, `date` header). */
  wallMs(): number;
}

/**
 * What to add to `clock.nowMs()` to get a time that means the same on all threads of the process: each thread's own clock begins
 * when the thread does. In milliseconds.
 */
export function processTimeOffsetMs(clock: Clock): number {
  const [seconds, nanos] = process.hrtime();
  return seconds * 1000 + nanos / 1e6 - clock.nowMs();
}

/** The machine's clocks. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
};
