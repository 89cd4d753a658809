import { TimerWheel } from "../../src/base/timer-wheel.ts";
import { CodecError } from "../../src/http/codec.ts";
import { type Http2CodecStats, http2CodecStats } from "../../src/http/http2/codec-stats.ts";
import { FakeClock } from "./fake-clock.ts";
import { Http2Sink } from "./http2-sink.ts";

/** An HTTP/2 codec under test, with a list for a socket: what the peers of both ends have in common. */
export abstract class Http2Peer {
  readonly sink = new Http2Sink();
  readonly clock = new FakeClock();
  readonly timers = new TimerWheel(this.clock, { drive: false });
  /** What was counted, by name. */
  readonly stats: Record<string, number> = {};
  error: CodecError | null = null;
  goAways = 0;
  unresponsive: string | null = null;
  abstract readonly connection: { dispatch(data: Buffer): void };

  /** Feeds bytes as one read; answers the frames that were written. A `CodecError` is kept in `error`. */
  feed(...parts: Buffer[]): string[] {
    if (this.error === null) {
      try {
        this.connection.dispatch(Buffer.concat(parts));
      } catch (error) {
        if (!(error instanceof CodecError)) throw error;
        this.error = error;
      }
    }
    return this.sink.take();
  }

  /** Lets time pass; answers the frames that were written. */
  advance(ms: number): string[] {
    this.clock.advance(ms);
    this.timers.advance();
    return this.sink.take();
  }

  /** The codec's counters and gauges, which count in `stats`. */
  protected codecStats(): Http2CodecStats {
    const count = (name: string) => ({
      inc: () => this.#count(name, 1),
      dec: () => this.#count(name, -1),
      add: (amount: number) => this.#count(name, amount),
    });
    return http2CodecStats({ counter: count, gauge: count });
  }

  #count(name: string, by: number): void {
    this.stats[name] = (this.stats[name] ?? 0) + by;
  }
}
