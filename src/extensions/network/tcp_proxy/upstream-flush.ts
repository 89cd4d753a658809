import type { WheelTimer } from "../../../base/timer-wheel.ts";
import type { ByteStream } from "../../../upstream/pool/byte-stream.ts";
import type { TcpUpstream, TcpUpstreamCallbacks } from "../../../upstream/pool/tcp-upstream.ts";
import type { TcpProxyRuntime } from "./tcp-proxy-runtime.ts";

/**
 * An upstream connection whose client has left before the server took all of its bytes: goes on sending, as long as the server
 * takes some within the idle timeout. What the server says is dropped. Source: Envoy's `TcpProxy::Drainer`.
 */
export class UpstreamFlush implements TcpUpstreamCallbacks {
  readonly #runtime: TcpProxyRuntime;
  readonly #connection: ByteStream;
  readonly #timer: WheelTimer | null = null;
  #leftBytes: number;

  constructor(runtime: TcpProxyRuntime, upstream: TcpUpstream) {
    this.#runtime = runtime;
    this.#connection = upstream.connection;
    this.#leftBytes = this.#connection.writeBufferedBytes;
    runtime.stats.upstreamFlushTotal.inc();
    runtime.stats.upstreamFlushActive.inc();
    upstream.setCallbacks(this);
    this.#connection.close("flushWrite");
    const { idleTimeoutMs } = runtime.data;
    if (idleTimeoutMs === 0) return;
    this.#timer = runtime.timers.timer(() => this.#look(idleTimeoutMs));
    this.#timer.arm(idleTimeoutMs);
  }

  onData(): void {}
  onEndOfStream(): void {}
  onAboveWriteBufferHighWatermark(): void {}
  onBelowWriteBufferLowWatermark(): void {}

  onClose(): void {
    this.#timer?.disarm();
    this.#runtime.stats.upstreamFlushActive.dec();
  }

  #look(idleTimeoutMs: number): void {
    const leftBytes = this.#connection.writeBufferedBytes;
    if (leftBytes < this.#leftBytes) {
      this.#leftBytes = leftBytes;
      this.#timer?.arm(idleTimeoutMs);
      return;
    }
    this.#runtime.stats.idleTimeout.inc();
    this.#connection.close("noFlush");
  }
}
