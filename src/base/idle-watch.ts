import type { TimerWheel, WheelTimer } from "./timer-wheel.ts";

/** Something that may fall idle. It only notes when it was last active. */
export interface IdleWatched {
  readonly lastActivityMs: number;
  /** 0 = it may be idle for ever. */
  readonly idleTimeoutMs: number;
  /** It has been idle for so long. Called once per `watch`. */
  onIdle(): void;
}

/**
 * Watches one thing after the other for falling idle, with one timer. Activity costs nothing, and neither does changing what is
 * watched: the timer stays armed and looks, when it fires, how long is left. It fires at most once per timeout in vain.
 */
export class IdleWatch {
  readonly #timer: WheelTimer;
  readonly #timers: TimerWheel;
  #watched: IdleWatched | null = null;

  constructor(timers: TimerWheel) {
    this.#timers = timers;
    this.#timer = timers.timer(() => this.#look());
  }

  /** Watches `watched` in place of what was watched before. Call it again when its timeout has changed. */
  watch(watched: IdleWatched): void {
    this.#watched = watched;
    const { idleTimeoutMs } = watched;
    if (idleTimeoutMs === 0) return;
    // Armed for something that may be idle longer, it would fire too late.
    const dueMs = this.#timers.clock.nowMs() + idleTimeoutMs;
    if (!this.#timer.armed || this.#timer.deadlineMs > dueMs) this.#timer.arm(idleTimeoutMs);
  }

  /** Watches nothing any more, unless something else than `watched` is watched meanwhile. */
  unwatch(watched: IdleWatched): void {
    if (this.#watched === watched) this.#watched = null;
  }

  /** Ends the watch for good. */
  stop(): void {
    this.#watched = null;
    this.#timer.disarm();
  }

  #look(): void {
    const watched = this.#watched;
    if (watched === null || watched.idleTimeoutMs === 0) return;
    const leftMs = watched.lastActivityMs + watched.idleTimeoutMs - this.#timers.clock.nowMs();
    if (leftMs > 0) {
      this.#timer.arm(leftMs);
      return;
    }
    this.#watched = null;
    watched.onIdle();
  }
}
