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

/** The machine's clocks. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
};
