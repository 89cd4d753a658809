import type { TimerWheel, WheelTimer } from "../../../base/timer-wheel.ts";

/** What the timers of an attempt end in. */
export interface PerTryTimersOwner {
  onPerTryTimeout(): void;
  onPerTryIdleTimeout(): void;
}

/**
 * The limits of one attempt at a time: `per_try_timeout` until its response begins, `per_try_idle_timeout` between any two signs of life
 * of it. Both run once the whole request was received and sent. Made only for requests that have such a limit.
 * Source: Envoy's `UpstreamRequest::setupPerTryTimeout`.
 */
export class PerTryTimers {
  /** 0 = off. */
  readonly timeoutMs: number;
  readonly #idleTimeoutMs: number;
  readonly #timer: WheelTimer | null;
  readonly #idleTimer: WheelTimer | null;

  /** Times of 0 are off. */
  constructor(timeoutMs: number, idleTimeoutMs: number, timers: TimerWheel, owner: PerTryTimersOwner) {
    this.timeoutMs = timeoutMs;
    this.#idleTimeoutMs = idleTimeoutMs;
    this.#timer = timeoutMs > 0 ? timers.timer(() => owner.onPerTryTimeout()) : null;
    this.#idleTimer = idleTimeoutMs > 0 ? timers.timer(() => owner.onPerTryIdleTimeout()) : null;
  }

  /** The attempt has the whole request. */
  start(): void {
    this.#timer?.arm(this.timeoutMs);
    this.#idleTimer?.arm(this.#idleTimeoutMs);
  }

  /** Something of the response came. */
  noteResponse(): void {
    this.#timer?.disarm();
    if (this.#idleTimer?.armed === true) this.#idleTimer.arm(this.#idleTimeoutMs);
  }

  /** The attempt is over, or its response whole. */
  stop(): void {
    this.#timer?.disarm();
    this.#idleTimer?.disarm();
  }
}
