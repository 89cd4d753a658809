import type { Clock } from "./clock.ts";

/**
 * A clock that reads the machine's clocks at most once per event: while an event is handled, time stands still. A request asks
 * for the time a dozen times, and each reading costs a call out of the engine. One per worker; outside events it reads anew each
 * time. Source: Envoy's `approximateMonotonicTime`.
 */
export class EventClock implements Clock {
  readonly #clock: Clock;
  #inEvent = false;
  #nowMs = -1;
  #wallMs = -1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** An event begins: time moves on to its beginning. */
  begin(): void {
    this.#inEvent = true;
    this.#nowMs = -1;
    this.#wallMs = -1;
  }

  /** The event has ended. */
  end(): void {
    this.#inEvent = false;
  }

  nowMs(): number {
    if (!this.#inEvent) return this.#clock.nowMs();
    if (this.#nowMs < 0) this.#nowMs = this.#clock.nowMs();
    return this.#nowMs;
  }

  wallMs(): number {
    if (!this.#inEvent) return this.#clock.wallMs();
    if (this.#wallMs < 0) this.#wallMs = this.#clock.wallMs();
    return this.#wallMs;
  }
}
