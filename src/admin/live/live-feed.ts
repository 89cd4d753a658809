import type { TimerWheel, WheelTimer } from "../../base/timer-wheel.ts";
import type { LiveSample } from "./live-sample.ts";
import type { Watching } from "./live-view.ts";

/** Subscribers at a time; a browser's page is one, `troupe top` is one. */
export const MAX_SUBSCRIBERS = 8;
/** Between two samples. */
const INTERVAL_MS = 1000;
/** Between two looks whether something has happened that can't wait. */
const LOOK_MS = 250;

/** Makes samples; `Sampler` is the real one. */
export interface SampleSource {
  take(fresh: boolean, wallMs: () => number): Promise<LiveSample>;
  signature(): string;
  reset(): void;
}

/**
 * Gives each subscriber one sample per second, and one more at once when an actor fails, hangs or comes back. All
 * subscribers share the samples. Without a subscriber nothing is sampled and no timer is armed. A subscriber that is
 * slow gets the newest sample when it is ready for one: none is queued.
 */
export class LiveFeed {
  readonly #source: SampleSource;
  readonly #timers: TimerWheel;
  readonly #timer: WheelTimer;
  readonly #subscribers = new Set<Subscriber>();
  #nextSampleMs = 0;
  #signature = "";
  #taking = false;
  #samples = 0;

  constructor(source: SampleSource, timers: TimerWheel) {
    this.#source = source;
    this.#timers = timers;
    this.#timer = timers.timer(() => void this.#look());
  }

  get subscriberCount(): number {
    return this.#subscribers.size;
  }

  watching(): Watching {
    return { clients: this.#subscribers.size, samples: this.#samples };
  }

  isFull(): boolean {
    return this.#subscribers.size >= MAX_SUBSCRIBERS;
  }

  async *samples(): AsyncGenerator<LiveSample, void> {
    if (this.isFull()) return;
    const subscriber = new Subscriber();
    this.#subscribers.add(subscriber);
    try {
      // Whoever comes needs not wait for the others' next sample.
      this.#nextSampleMs = 0;
      void this.#look();
      for (;;) yield await subscriber.next();
    } finally {
      this.#subscribers.delete(subscriber);
      if (this.#subscribers.size === 0) {
        this.#timer.disarm();
        this.#source.reset();
      }
    }
  }

  async #look(): Promise<void> {
    if (this.#subscribers.size === 0) return;
    this.#timer.arm(LOOK_MS);
    if (this.#taking) return;
    this.#taking = true;
    try {
      const { clock } = this.#timers;
      const due = clock.nowMs() >= this.#nextSampleMs;
      const signature = this.#source.signature();
      if (!due && signature === this.#signature) return;
      this.#signature = signature;
      if (due) this.#nextSampleMs = clock.nowMs() + INTERVAL_MS;
      this.#samples++;
      const sample = await this.#source.take(due, () => clock.wallMs());
      for (const subscriber of this.#subscribers) subscriber.give(sample);
    } catch (error) {
      for (const subscriber of this.#subscribers) subscriber.fail(error);
    } finally {
      this.#taking = false;
    }
  }
}

/** Holds the newest sample until it is asked for. */
class Subscriber {
  #sample: LiveSample | undefined;
  #waiting: PromiseWithResolvers<LiveSample> | undefined;
  #error: unknown;

  next(): Promise<LiveSample> {
    this.#waiting = Promise.withResolvers();
    const { promise } = this.#waiting;
    if (this.#error !== undefined) this.fail(this.#error);
    else if (this.#sample !== undefined) this.give(this.#sample);
    return promise;
  }

  give(sample: LiveSample): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#sample = waiting === undefined ? sample : undefined;
    waiting?.resolve(sample);
  }

  /** The feed ends for this subscriber, which may come again. */
  fail(error: unknown): void {
    this.#error = error;
    this.#waiting?.reject(error);
    this.#waiting = undefined;
  }
}
