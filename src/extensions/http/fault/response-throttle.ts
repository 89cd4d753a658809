import type { TimerWheel, WheelTimer } from "../../../base/timer-wheel.ts";
import type { StreamEncoderFilterCallbacks } from "../../../http/filter.ts";

/** As in Envoy: the rate is kept in steps of this. */
const FILL_INTERVAL_MS = 50;
const BYTES_PER_KIB = 1024;

/**
 * Sends a response's body on at a limited rate. What is too much waits here; above the stream's buffer limit the upstream is
 * paused. Source: Envoy's `StreamRateLimiter`.
 */
export class ResponseThrottle {
  readonly #callbacks: StreamEncoderFilterCallbacks;
  readonly #bytesPerMs: number;
  readonly #timers: TimerWheel;
  readonly #timer: WheelTimer;
  #tokens: number;
  #filledAtMs: number;
  #pieces: Buffer[] = [];
  #waitingBytes = 0;
  #paused = false;
  #ends = false;
  #trailersWait = false;

  constructor(callbacks: StreamEncoderFilterCallbacks, kibPerSecond: number) {
    this.#callbacks = callbacks;
    this.#bytesPerMs = (kibPerSecond * BYTES_PER_KIB) / 1000;
    this.#timers = callbacks.timers;
    this.#filledAtMs = this.#timers.clock.nowMs();
    this.#tokens = this.#bytesPerMs * FILL_INTERVAL_MS;
    this.#timer = this.#timers.timer(() => this.#send());
  }

  /** Takes body; sends on at once what the rate allows. */
  write(bytes: Buffer, endStream: boolean): void {
    if (endStream) this.#ends = true;
    if (bytes.length > 0) {
      this.#pieces.push(bytes);
      this.#waitingBytes += bytes.length;
    }
    if (this.#timer.armed) this.#watchLimit();
    else this.#send();
  }

  /** The trailers have come. True if they must wait for body that waits here; then iteration is continued later. */
  holdsTrailers(): boolean {
    this.#trailersWait = this.#waitingBytes > 0;
    return this.#trailersWait;
  }

  destroy(): void {
    this.#timer.disarm();
    this.#pieces = [];
  }

  #send(): void {
    const sent = this.#take();
    const isLast = this.#waitingBytes === 0;
    if (!isLast) this.#timer.arm(FILL_INTERVAL_MS);
    this.#watchLimit();
    const ends = isLast && this.#ends;
    if (sent.length > 0 || ends) this.#callbacks.injectEncodedData(sent, ends);
    if (isLast && this.#trailersWait) {
      this.#trailersWait = false;
      this.#callbacks.continueEncoding();
    }
  }

  /** As many of the waiting bytes as there are tokens for. */
  #take(): Buffer {
    const nowMs = this.#timers.clock.nowMs();
    const most = this.#bytesPerMs * 1000;
    this.#tokens = Math.min(most, this.#tokens + (nowMs - this.#filledAtMs) * this.#bytesPerMs);
    this.#filledAtMs = nowMs;
    const size = Math.min(Math.floor(this.#tokens), this.#waitingBytes);
    this.#tokens -= size;
    this.#waitingBytes -= size;
    const taken: Buffer[] = [];
    for (let left = size; left > 0; ) {
      const piece = this.#pieces[0]!;
      if (piece.length > left) {
        this.#pieces[0] = piece.subarray(left);
        taken.push(piece.subarray(0, left));
        break;
      }
      this.#pieces.shift();
      taken.push(piece);
      left -= piece.length;
    }
    return taken.length === 1 ? taken[0]! : Buffer.concat(taken);
  }

  #watchLimit(): void {
    const limit = this.#callbacks.encoderBufferLimitBytes;
    const isOver = limit > 0 && this.#waitingBytes > (this.#paused ? limit / 2 : limit);
    if (isOver === this.#paused) return;
    this.#paused = isOver;
    if (isOver) this.#callbacks.onEncoderFilterAboveWriteBufferHighWatermark();
    else this.#callbacks.onEncoderFilterBelowWriteBufferLowWatermark();
  }
}
