import type { TimerWheel, WheelTimer } from "../../../base/timer-wheel.ts";
import type { ByteStream } from "../../../upstream/pool/byte-stream.ts";

/**
 * Ends a pair of connections on which nothing is read and nothing sent for a time. Traffic costs it nothing but a note of the time.
 * Differs from Envoy: where bytes wait for a peer that takes none, it takes up to twice the time.
 */
export class IdleTimer {
  /** When something was last read, on the worker's clock. */
  lastActivityMs: number;
  readonly #timers: TimerWheel;
  readonly #timeoutMs: number;
  readonly #connections: readonly ByteStream[];
  readonly #onIdle: () => void;
  readonly #timer: WheelTimer;
  #bufferedBytes = 0;

  constructor(timers: TimerWheel, timeoutMs: number, connections: readonly ByteStream[], onIdle: () => void) {
    this.#timers = timers;
    this.#timeoutMs = timeoutMs;
    this.#connections = connections;
    this.#onIdle = onIdle;
    this.lastActivityMs = timers.clock.nowMs();
    this.#timer = timers.timer(() => this.#look());
    this.#timer.arm(timeoutMs);
  }

  stop(): void {
    this.#timer.disarm();
  }

  #look(): void {
    const bufferedBytes = this.#connections.reduce((sum, connection) => sum + connection.writeBufferedBytes, 0);
    const nowMs = this.#timers.clock.nowMs();
    const leftMs = this.lastActivityMs + this.#timeoutMs - nowMs;
    if (leftMs <= 0 && bufferedBytes !== this.#bufferedBytes) {
      // Bytes wait for a slow reader, who is idle only if it takes none of them until the next look.
      this.#bufferedBytes = bufferedBytes;
      this.#timer.arm(this.#timeoutMs);
      return;
    }
    if (leftMs > 0) this.#timer.arm(leftMs);
    else this.#onIdle();
  }
}
