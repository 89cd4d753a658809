import type { WheelTimer } from "../../base/timer-wheel.ts";
import type { KeepaliveOptions } from "./codec-options.ts";
import type { Http2CodecStats } from "./codec-stats.ts";
import type { Http2ConnectionHooks } from "./connection-hooks.ts";
import type { FrameWriter } from "./frame-writer.ts";

const NO_BYTES = Buffer.alloc(8);
const TIMEOUT_DETAILS = "http2_ping_timeout";

/**
 * Finds dead connections with PING, as Envoy's `connection_keepalive`: every interval, and ahead of a stream after a long
 * silence. Anything the peer sends counts as a sign of life.
 */
export class Keepalive {
  readonly #options: KeepaliveOptions;
  readonly #hooks: Http2ConnectionHooks;
  readonly #writer: FrameWriter;
  readonly #stats: Http2CodecStats;
  readonly #interval: WheelTimer;
  readonly #timeout: WheelTimer;
  #lastReadMs: number;

  constructor(options: KeepaliveOptions, hooks: Http2ConnectionHooks, writer: FrameWriter, stats: Http2CodecStats) {
    this.#options = options;
    this.#hooks = hooks;
    this.#writer = writer;
    this.#stats = stats;
    this.#interval = hooks.timers.timer(() => this.#ping());
    this.#timeout = hooks.timers.timer(() => this.#onTimeout());
    this.#lastReadMs = hooks.timers.clock.nowMs();
  }

  start(): void {
    const { intervalMs, intervalJitterPercent } = this.#options;
    if (intervalMs === 0) return;
    const jitterMs = Math.floor((intervalMs * intervalJitterPercent) / 100);
    this.#interval.arm(intervalMs + (jitterMs > 0 ? this.#hooks.random.uint32() % jitterMs : 0));
  }

  /** A stream is about to be opened. */
  beforeStream(): void {
    const { connectionIdleIntervalMs } = this.#options;
    if (connectionIdleIntervalMs === 0 || this.#timeout.armed) return;
    if (this.#hooks.timers.clock.nowMs() - this.#lastReadMs >= connectionIdleIntervalMs) this.#ping();
  }

  onRead(): void {
    this.#lastReadMs = this.#hooks.timers.clock.nowMs();
    if (this.#timeout.armed) this.#timeout.arm(this.#options.timeoutMs);
  }

  onPong(): void {
    this.#timeout.disarm();
    this.start();
  }

  stop(): void {
    this.#interval.disarm();
    this.#timeout.disarm();
  }

  #ping(): void {
    this.#writer.ping(NO_BYTES, 0, false);
    this.#timeout.arm(this.#options.timeoutMs);
  }

  #onTimeout(): void {
    this.#stats.keepaliveTimeout.inc();
    this.stop();
    this.#hooks.onUnresponsive(TIMEOUT_DETAILS);
  }
}
