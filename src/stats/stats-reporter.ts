import type { TimerWheel, WheelTimer } from "../base/timer-wheel.ts";
import { isEmptyDelta, type StatsDelta } from "./stats-delta.ts";
import type { StatsShard } from "./stats-shard.ts";

/** What one flush of a thread brings to the thread that merges. Not for msgpackr: it may hold shared memory. */
export interface StatsReport {
  readonly delta: StatsDelta;
  /** For `StatsMerge.shareMemory`, before the delta is applied. */
  readonly newMemory: readonly SharedArrayBuffer[];
}

/** Delivers a report. Settles when it has been taken in; rejects if it never will be. */
export type SendReport = (report: StatsReport) => Promise<unknown>;

/**
 * Sends the stats of one thread every flush interval. The next report waits until the last one has been taken in, so a
 * slow main thread meets at most one report per worker; nothing is lost meanwhile.
 */
export class StatsReporter {
  readonly #shard: StatsShard;
  readonly #send: SendReport;
  readonly #timer: WheelTimer;
  #intervalMs: number;
  #underWay: Promise<void> | undefined;

  constructor(shard: StatsShard, send: SendReport, timers: TimerWheel, intervalMs: number) {
    this.#shard = shard;
    this.#send = send;
    this.#intervalMs = intervalMs;
    this.#timer = timers.timer(() => {
      this.#timer.arm(this.#intervalMs);
      void this.flush();
    });
  }

  start(): void {
    this.#timer.arm(this.#intervalMs);
  }

  /** Changes the interval from now on. */
  setInterval(intervalMs: number): void {
    this.#intervalMs = intervalMs;
    if (this.#timer.armed) this.#timer.arm(intervalMs);
  }

  /**
   * Sends what changed now. Resolves when the receiver has it (or can't be reached any more, which is no error here:
   * whoever supervises the threads knows); joins the report that is under way if there is one.
   */
  flush(): Promise<void> {
    this.#underWay ??= this.#deliver().finally(() => {
      this.#underWay = undefined;
    });
    return this.#underWay;
  }

  /** Ends the regular reports; a last `flush` is up to the caller. */
  stop(): void {
    this.#timer.disarm();
  }

  async #deliver(): Promise<void> {
    const report: StatsReport = { newMemory: this.#shard.takeNewMemory(), delta: this.#shard.takeDelta() };
    if (isEmptyDelta(report.delta) && report.newMemory.length === 0) return;
    try {
      await this.#send(report);
    } catch {
      // The receiver is gone or will get the report late; either way there is nothing to do on this side.
    }
  }
}
