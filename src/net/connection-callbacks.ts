import type { TimerWheel } from "../base/timer-wheel.ts";
import type { Counter, Gauge } from "../stats/scope.ts";
import type { WriteFlusher } from "./write-flusher.ts";

/** Who ended a connection: the peer (FIN, reset, error) or we. */
export type ConnectionCloseEvent = "remoteClose" | "localClose";

/**
 * How to close. `flushWrite` sends what waits, then closes. `flushWriteAndDelay` also waits for the peer's FIN, at most
 * the delayed-close timeout, so that a peer still sending sees our answer and no reset. `noFlush` drops what waits.
 * `abortReset` does too, and the peer gets a reset, so that it does not take what it has for all there is.
 */
export type ConnectionCloseType = "flushWrite" | "flushWriteAndDelay" | "noFlush" | "abortReset";

/** The user of a connection: a network filter chain (downstream) or a pool's client (upstream). */
export interface ConnectionCallbacks {
  /** An outgoing connection is established. Never called for accepted ones. */
  onConnected(): void;
  /** Bytes from the peer; the buffer is the callee's. Not called while reading is disabled, nor after `close`. */
  onData(data: Buffer): void;
  /** The peer's FIN, after all its data. */
  onEndOfStream(): void;
  /** Called exactly once, last. `reason` is `""` or the system's word (`ECONNRESET`, `ECONNREFUSED`, …). */
  onClose(event: ConnectionCloseEvent, reason: string): void;
  onAboveWriteBufferHighWatermark(): void;
  onBelowWriteBufferLowWatermark(): void;
}

/** Where a connection counts its bytes; `closedByDelay` counts delayed closes that ran into their timeout. */
export interface ConnectionStats {
  readonly rxBytesTotal: Counter;
  readonly txBytesTotal: Counter;
  readonly txBytesBuffered: Gauge;
  readonly delayedCloseTimeout?: Counter;
}

/** What a connection is made with. `bufferLimitBytes` 0 means no watermarks. */
export interface ConnectionOptions {
  readonly id: number;
  readonly flusher: WriteFlusher;
  readonly timers: TimerWheel;
  readonly bufferLimitBytes: number;
  readonly delayedCloseTimeoutMs: number;
  readonly stats: ConnectionStats | null;
}

/** Sees what is written before the connection does, and hands on what may pass by `passWrite`. */
export interface WriteGate {
  onWrite(data: Buffer, endStream: boolean): void;
}
