import type { Clock } from "../base/clock.ts";
import type { RandomSource } from "../base/random.ts";
import { describeError } from "./ask-error.ts";
import { BoundedLog } from "./bounded-log.ts";

/** How an actor is restarted after a crash. Each child has its own count: siblings never use up each other's restarts. */
export interface RestartPolicy {
  /** Pause before the first restart, in milliseconds. Default 100. Doubles with each crash in a row. */
  readonly initialDelayMs?: number;
  /** Longest pause, in milliseconds. Default 10000. */
  readonly maxDelayMs?: number;
  /** Up to this fraction of the pause is taken off at random, so that many don't restart in step. Default 0.2. */
  readonly jitterFraction?: number;
  /** Restarts allowed within `budgetWindowMs`. Default 10. 0 = never restart. */
  readonly budget?: number;
  /** Default 60000. A child that runs this long without a crash starts again with the first pause. */
  readonly budgetWindowMs?: number;
}

/** An actor that is not restarted. */
export const NEVER_RESTART: RestartPolicy = { budget: 0 };

/** One crash and what was done about it. */
export interface CrashRecord {
  readonly atWallMs: number;
  readonly error: string;
  readonly action: "restart" | "give_up";
  /** Pause before the restart; 0 for `give_up`. */
  readonly delayMs: number;
}

/** Decides about one child: restart after a pause, or give up. Keeps the last 20 crashes. */
export class ChildSupervision {
  readonly #clock: Clock;
  readonly #random: RandomSource;
  readonly #initialDelayMs: number;
  readonly #maxDelayMs: number;
  readonly #jitterFraction: number;
  readonly #budget: number;
  readonly #windowMs: number;
  readonly #history = new BoundedLog<CrashRecord>(20);
  /** Times of the restarts inside the window, oldest first. */
  #restartTimesMs: number[] = [];
  #restarts = 0;
  #crashesInARow = 0;
  #lastCrashMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, random: RandomSource, policy: RestartPolicy = {}) {
    this.#clock = clock;
    this.#random = random;
    this.#initialDelayMs = policy.initialDelayMs ?? 100;
    this.#maxDelayMs = policy.maxDelayMs ?? 10_000;
    this.#jitterFraction = policy.jitterFraction ?? 0.2;
    this.#budget = policy.budget ?? 10;
    this.#windowMs = policy.budgetWindowMs ?? 60_000;
  }

  /** Restarts granted so far. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Crashes and decisions, oldest first. */
  history(): CrashRecord[] {
    return this.#history.toArray();
  }

  onCrash(error: unknown): CrashRecord {
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#lastCrashMs > this.#windowMs) this.#crashesInARow = 0;
    this.#lastCrashMs = nowMs;
    this.#restartTimesMs = this.#restartTimesMs.filter((atMs) => nowMs - atMs < this.#windowMs);
    const restart = this.#restartTimesMs.length < this.#budget;
    const delayMs = restart ? this.#nextDelayMs() : 0;
    if (restart) {
      this.#restartTimesMs.push(nowMs);
      this.#restarts++;
    }
    const record: CrashRecord = {
      atWallMs: this.#clock.wallMs(),
      error: describeError(error),
      action: restart ? "restart" : "give_up",
      delayMs,
    };
    this.#history.add(record);
    return record;
  }

  #nextDelayMs(): number {
    const fullMs = Math.min(this.#initialDelayMs * 2 ** Math.min(this.#crashesInARow, 30), this.#maxDelayMs);
    this.#crashesInARow++;
    return fullMs * (1 - this.#jitterFraction * this.#random.fraction());
  }
}
