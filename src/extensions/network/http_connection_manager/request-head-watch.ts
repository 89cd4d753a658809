import type { TimerWheel, WheelTimer } from "../../../base/timer-wheel.ts";
import { CodecError } from "../../../http/codec.ts";
import type { HcmData } from "./hcm-data.ts";

/** What ends the wait for a request head first. */
export interface HeadDeadline {
  readonly timeoutMs: number;
  readonly error: CodecError;
  /** The stat to count. */
  readonly stat: "rqHeaderTimeout" | "rqTimeout" | "rqIdleTimeout";
}

/**
 * The shortest of the timeouts that run while a request head comes in: `request_headers_timeout`, `request_timeout` and
 * `stream_idle_timeout`, which bytes of the same head do not renew. Null if all are off.
 */
export function headDeadline(data: HcmData): HeadDeadline | null {
  const deadlines: HeadDeadline[] = [
    {
      timeoutMs: data.requestHeadersTimeoutMs,
      error: new CodecError("request header timeout", "request_header_timeout", 408),
      stat: "rqHeaderTimeout",
    },
    {
      timeoutMs: data.requestTimeoutMs,
      error: new CodecError("request timeout", "request_overall_timeout", 408),
      stat: "rqTimeout",
    },
    {
      timeoutMs: data.streamIdleTimeoutMs,
      error: new CodecError("stream timeout", "stream_idle_timeout", 408),
      stat: "rqIdleTimeout",
    },
  ];
  let shortest: HeadDeadline | null = null;
  for (const deadline of deadlines) {
    if (deadline.timeoutMs > 0 && (shortest === null || deadline.timeoutMs < shortest.timeoutMs)) shortest = deadline;
  }
  return shortest;
}

/** Times the one request head that a connection is reading, from its first byte. Costs nothing for heads that come whole. */
export class RequestHeadWatch {
  readonly #timers: TimerWheel;
  readonly #deadline: HeadDeadline | null;
  readonly #onTimeout: (deadline: HeadDeadline) => void;
  #timer: WheelTimer | null = null;

  constructor(timers: TimerWheel, deadline: HeadDeadline | null, onTimeout: (deadline: HeadDeadline) => void) {
    this.#timers = timers;
    this.#deadline = deadline;
    this.#onTimeout = onTimeout;
  }

  /** To be told after each read whether part of a head is waiting for the rest. */
  update(isReadingHead: boolean): void {
    if (!isReadingHead) {
      this.#timer?.disarm();
      return;
    }
    const deadline = this.#deadline;
    if (deadline === null || this.#timer?.armed === true) return;
    this.#timer ??= this.#timers.timer(() => this.#onTimeout(deadline));
    this.#timer.arm(deadline.timeoutMs);
  }
}
