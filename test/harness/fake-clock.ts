import type { Clock } from "../../src/base/clock.ts";
import { TimerWheel } from "../../src/base/timer-wheel.ts";

/** A clock that moves only when told, with a timer wheel that fires as it moves. */
export class FakeClock implements Clock {
  readonly timers: TimerWheel;
  #nowMs = 0;
  #wallMs: number;

  constructor(wallMs = Date.UTC(2026, 0, 1)) {
    this.#wallMs = wallMs;
    this.timers = new TimerWheel(this, { drive: false });
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  /** Moves time on in steps of one wheel slot, so that timers fire in the order of their deadlines. */
  advance(ms: number): void {
    let left = ms;
    while (left > 0) {
      const step = Math.min(left, 10);
      this.#nowMs += step;
      this.#wallMs += step;
      left -= step;
      this.timers.advance();
    }
  }
}
