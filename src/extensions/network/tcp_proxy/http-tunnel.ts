import type { TimerWheel, WheelTimer } from "../../../base/timer-wheel.ts";
import type { RequestEncoder, ResponseDecoder, StreamCallbacks } from "../../../http/codec.ts";
import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../../../http/header-map.ts";
import type { Host } from "../../../upstream/host.ts";
import type { ByteStream } from "../../../upstream/pool/byte-stream.ts";
import type { ConnectionWishes } from "../../../upstream/pool/connection-wishes.ts";
import type {
  PendingStream,
  PoolCallbacks,
  PoolFailureReason,
  UpstreamConnectionInfo,
} from "../../../upstream/pool/http-conn-pool.ts";
import type {
  PendingTcpConnection,
  TcpPoolCallbacks,
  TcpUpstream,
  TcpUpstreamCallbacks,
} from "../../../upstream/pool/tcp-upstream.ts";
import type { ThreadLocalCluster } from "../../../upstream/thread-local-cluster.ts";
import type { TunnelRecord } from "./tunnel-record.ts";

const NO_BYTES = Buffer.alloc(0);

/**
 * A byte stream inside an HTTP request to a host of the cluster: CONNECT, or the bodies of a POST and its response. It is open once
 * the host has answered 2xx. Source: Envoy's `TcpProxy::HttpUpstream`.
 * Differs from Envoy: the answer must come within the cluster's `connect_timeout`.
 */
export class HttpTunnel
  implements ByteStream, TcpUpstream, PendingTcpConnection, PoolCallbacks, ResponseDecoder, StreamCallbacks
{
  id = 0;
  localAddress = "";
  connectedAtMs = -1;
  readonly tls = null;
  /** What waits to be sent is counted by the connection that carries the tunnel. */
  readonly writeBufferedBytes = 0;
  readonly #host: Host;
  readonly #headers: RequestHeaderMap;
  readonly #timers: TimerWheel;
  readonly #timer: WheelTimer;
  #waiting: TcpPoolCallbacks | null;
  #callbacks: TcpUpstreamCallbacks | null = null;
  #pending: PendingStream | null = null;
  #encoder: RequestEncoder | null = null;
  #sentEnd = false;
  #receivedEnd = false;
  #over = false;
  readonly #record: TunnelRecord | null;

  private constructor(
    host: Host,
    headers: RequestHeaderMap,
    record: TunnelRecord | null,
    callbacks: TcpPoolCallbacks,
    timers: TimerWheel,
  ) {
    this.#record = record;
    this.#host = host;
    this.#headers = headers;
    this.#waiting = callbacks;
    this.#timers = timers;
    this.#timer = timers.timer(() => this.#fail("timeout", ""));
  }

  /** Begins to open a tunnel; `record` is told of the answer. Null if the answer came before this returned. */
  static open(
    cluster: ThreadLocalCluster,
    host: Host,
    headers: RequestHeaderMap,
    record: TunnelRecord | null,
    wishes: ConnectionWishes | null,
    callbacks: TcpPoolCallbacks,
    timers: TimerWheel,
  ): PendingTcpConnection | null {
    const tunnel = new HttpTunnel(host, headers, record, callbacks, timers);
    tunnel.#timer.arm(cluster.info.connectTimeoutMs);
    const pending = cluster.httpPool(host, "default", "", wishes).newStream(tunnel, tunnel);
    if (tunnel.#over) return null;
    if (tunnel.#encoder === null) tunnel.#pending = pending;
    return tunnel;
  }

  get connection(): ByteStream {
    return this;
  }

  get isOpen(): boolean {
    return !this.#over;
  }

  setCallbacks(callbacks: TcpUpstreamCallbacks): void {
    this.#callbacks = callbacks;
  }

  cancel(): void {
    this.#waiting = null;
    this.#finish();
  }

  write(bytes: Buffer): void {
    if (!this.#over && !this.#sentEnd) this.#encoder!.encodeData(bytes, false);
  }

  writeLent(bytes: Buffer): boolean {
    this.write(Buffer.from(bytes));
    return false;
  }

  closeWrite(): void {
    if (this.#over || this.#sentEnd) return;
    this.#sentEnd = true;
    this.#encoder!.encodeData(NO_BYTES, true);
    this.#endIfComplete();
  }

  readDisable(disable: boolean): void {
    this.#encoder?.stream.readDisable(disable);
  }

  /** The codec gives its own buffers away: there is nothing to lend. */
  setLoanReader(): void {}

  /** A tunnel can only be cut: what was to be sent before the end has been sent with `closeWrite`. */
  close(): void {
    if (this.#over) return;
    this.#finish();
    this.#callbacks?.onClose("localClose", "");
  }

  onPoolReady(encoder: RequestEncoder, _host: Host, connection: UpstreamConnectionInfo): void {
    this.#pending = null;
    this.#encoder = encoder;
    this.id = connection.id;
    this.localAddress = connection.localAddress;
    encoder.stream.setCallbacks(this);
    encoder.encodeHeaders(this.#headers, false);
  }

  onPoolFailure(reason: PoolFailureReason, transportFailureReason: string): void {
    this.#pending = null;
    this.#fail(reason, transportFailureReason);
  }

  decode1xxHeaders(): void {}

  decodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    if (this.#over) return;
    this.#record?.noteHeaders(headers.status, headers);
    if (headers.status < 200 || headers.status > 299) {
      this.#fail("remoteConnectionFailure", "");
      return;
    }
    this.#timer.disarm();
    this.connectedAtMs = this.#timers.clock.nowMs();
    const waiting = this.#waiting!;
    this.#waiting = null;
    waiting.onTcpPoolReady(this, this.#host);
    if (endStream) this.#receiveEnd();
  }

  decodeData(data: Buffer, endStream: boolean): void {
    if (this.#over) return;
    if (data.length > 0) this.#callbacks?.onData(data);
    if (endStream) this.#receiveEnd();
  }

  decodeTrailers(trailers: TrailerMap): void {
    if (this.#over) return;
    this.#record?.noteTrailers(trailers);
    this.#receiveEnd();
  }

  onResetStream(): void {
    if (this.#over) return;
    if (this.#waiting !== null) {
      this.#fail("remoteConnectionFailure", "");
      return;
    }
    this.#over = true;
    this.#callbacks?.onClose("remoteClose", this.#receivedEnd ? "" : "ECONNRESET");
  }

  onAboveWriteBufferHighWatermark(): void {
    this.#callbacks?.onAboveWriteBufferHighWatermark();
  }

  onBelowWriteBufferLowWatermark(): void {
    this.#callbacks?.onBelowWriteBufferLowWatermark();
  }

  #receiveEnd(): void {
    this.#receivedEnd = true;
    this.#callbacks?.onEndOfStream();
    this.#endIfComplete();
  }

  #endIfComplete(): void {
    if (this.#over || !this.#sentEnd || !this.#receivedEnd) return;
    this.#over = true;
    this.#callbacks?.onClose("remoteClose", "");
  }

  #fail(reason: PoolFailureReason, transportFailureReason: string): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    this.#finish();
    waiting?.onTcpPoolFailure(reason, transportFailureReason, this.#host);
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#timer.disarm();
    this.#pending?.cancel();
    this.#encoder?.stream.reset("local reset");
  }
}
