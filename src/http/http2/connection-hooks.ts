import type { RandomSource } from "../../base/random.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";

/** What an HTTP/2 codec asks of the connection it runs on, beside writing. Implemented by the connection's owner. */
export interface Http2ConnectionHooks {
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  /**
   * Above so many bytes a stream that waits for the peer's windows asks its writer to stop; 0 = the initial stream window.
   * Differs from Envoy: that is the connection's own buffer limit. There it is the stream window, which is 16 times as large.
   */
  readonly bufferLimitBytes: number;
  /** Bytes written to the sink that the operating system has not taken. */
  unsentBytes(): number;
  /** The peer has not answered a PING in time, or takes too long to take our frames: close at once, dropping what waits. */
  onUnresponsive(reason: string): void;
}

/** As above, on the server's side. */
export interface Http2ServerHooks extends Http2ConnectionHooks {
  /** The last stream is gone. Called from inside whatever ended it. */
  onStreamsGone(): void;
  /** A stream was reset before it became a request. */
  onStreamRefused(): void;
}

/** As above, on the client's side. */
export interface Http2ClientHooks extends Http2ConnectionHooks {
  /** `maxStreams` may have changed. */
  onMaxStreamsChanged(): void;
}
