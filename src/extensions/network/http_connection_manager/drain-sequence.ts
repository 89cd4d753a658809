import type { TimerWheel, WheelTimer } from "../../../base/timer-wheel.ts";
import type { ServerConnection } from "../../../http/codec.ts";

/**
 * The end of an HTTP/2 connection that nobody is hurried by: a first GOAWAY tells the client to open no more streams, and
 * after `drain_timeout`, when all that were on their way have come, a second one says which was the last.
 */
export class DrainSequence {
  readonly #codec: ServerConnection;
  readonly #timers: TimerWheel;
  readonly #drainTimeoutMs: number;
  readonly #onFinal: () => void;
  #timer: WheelTimer | null = null;

  /** `onFinal` is called after the second GOAWAY. */
  constructor(codec: ServerConnection, timers: TimerWheel, drainTimeoutMs: number, onFinal: () => void) {
    this.#codec = codec;
    this.#timers = timers;
    this.#drainTimeoutMs = drainTimeoutMs;
    this.#onFinal = onFinal;
  }

  get hasStarted(): boolean {
    return this.#timer !== null;
  }

  /** Only the first call counts. */
  start(): void {
    if (this.#timer !== null) return;
    this.#codec.shutdownNotice();
    this.#timer = this.#timers.timer(() => this.finish());
    this.#timer.arm(this.#drainTimeoutMs);
  }

  /** The second GOAWAY now, with or without the first. */
  finish(): void {
    this.stop();
    this.#codec.goAway();
    this.#onFinal();
  }

  stop(): void {
    this.#timer?.disarm();
  }
}
