/** The interval over which an actor's busy share is taken. */
export const BUSY_INTERVAL_MS = 5000;

/**
 * The share of its time that an actor has a message in hand, over the last whole interval of five seconds. Costs two additions per message and
 * no timer: intervals are closed when somebody adds or looks.
 */
export class BusyMeter {
  #startMs: number;
  #busyMs = 0;
  #lastShare: number | undefined;

  constructor(nowMs: number) {
    this.#startMs = nowMs;
  }

  /** A message was in hand for so long, until now. */
  add(busyMs: number, nowMs: number): void {
    this.#roll(nowMs);
    this.#busyMs += busyMs;
  }

  /** From 0 to 1. Until the first interval is over, of the time so far. */
  share(nowMs: number): number {
    this.#roll(nowMs);
    if (this.#lastShare !== undefined) return this.#lastShare;
    const sinceMs = nowMs - this.#startMs;
    return sinceMs <= 0 ? 0 : Math.min(1, this.#busyMs / sinceMs);
  }

  #roll(nowMs: number): void {
    const sinceMs = nowMs - this.#startMs;
    if (sinceMs < BUSY_INTERVAL_MS) return;
    const passed = Math.floor(sinceMs / BUSY_INTERVAL_MS);
    // What was added belongs to the first of the intervals that have passed; in the others nothing happened.
    this.#lastShare = passed === 1 ? Math.min(1, this.#busyMs / BUSY_INTERVAL_MS) : 0;
    this.#startMs += passed * BUSY_INTERVAL_MS;
    this.#busyMs = 0;
  }
}
