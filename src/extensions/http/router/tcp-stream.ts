import type {
  RequestEncoder,
  ResponseDecoder,
  Stream,
  StreamCallbacks,
  StreamResetReason,
} from "../../../http/codec.ts";
import { type RequestHeaderMap, ResponseHeaderMap } from "../../../http/header-map.ts";
import type { ConnectionCloseEvent } from "../../../net/connection-callbacks.ts";
import type { Host } from "../../../upstream/host.ts";
import type { ByteStream } from "../../../upstream/pool/byte-stream.ts";
import type { ConnectionWishes } from "../../../upstream/pool/connection-wishes.ts";
import type { PendingStream, PoolCallbacks, PoolFailureReason } from "../../../upstream/pool/http-conn-pool.ts";
import type { TcpConnPool } from "../../../upstream/pool/tcp-conn-pool.ts";
import type {
  PendingTcpConnection,
  TcpPoolCallbacks,
  TcpUpstream,
  TcpUpstreamCallbacks,
} from "../../../upstream/pool/tcp-upstream.ts";

const NO_BYTES = Buffer.alloc(0);

/**
 * A request whose body goes to the host as the bytes of a TCP connection, and whose response is what the host sends: its head is a
 * 200 as soon as the host is connected. Source: Envoy's `Upstreams::Http::Tcp::TcpUpstream`.
 */
export class TcpStream implements RequestEncoder, Stream, PendingStream, TcpPoolCallbacks, TcpUpstreamCallbacks {
  wireBytesSent = 0;
  wireBytesReceived = 0;
  readonly headerBytesSent = 0;
  readonly headerBytesReceived = 0;
  readonly #prologue: Buffer;
  readonly #decoder: ResponseDecoder;
  readonly #pool: PoolCallbacks;
  #pending: PendingTcpConnection | null = null;
  #connection: ByteStream | null = null;
  #callbacks: StreamCallbacks | null = null;
  #sentEnd = false;
  #receivedEnd = false;
  #over = false;

  private constructor(prologue: Buffer, decoder: ResponseDecoder, pool: PoolCallbacks) {
    this.#prologue = prologue;
    this.#decoder = decoder;
    this.#pool = pool;
  }

  /** Begins to connect; `prologue` goes before the body. Null if the answer came before this returned. */
  static open(
    pool: TcpConnPool,
    prologue: Buffer,
    wishes: ConnectionWishes | null,
    decoder: ResponseDecoder,
    callbacks: PoolCallbacks,
  ): PendingStream | null {
    const stream = new TcpStream(prologue, decoder, callbacks);
    stream.#pending = pool.newConnection(stream, wishes);
    return stream.#pending === null ? null : stream;
  }

  get id(): number {
    return this.#connection?.id ?? 0;
  }

  get stream(): Stream {
    return this;
  }

  cancel(): void {
    this.#pending?.cancel();
    this.#pending = null;
  }

  onTcpPoolReady(upstream: TcpUpstream, host: Host): void {
    const { connection, connectedAtMs, tls } = upstream;
    this.#pending = null;
    this.#connection = connection;
    upstream.setCallbacks(this);
    const { id, localAddress } = connection;
    this.#pool.onPoolReady(this, host, { id, localAddress, protocol: "", connectedAtMs, tls, reused: false });
    if (!this.#over) this.#decoder.decodeHeaders(new ResponseHeaderMap(200), false);
  }

  onTcpPoolFailure(reason: PoolFailureReason, transportFailureReason: string, host: Host): void {
    this.#pending = null;
    this.#pool.onPoolFailure(reason, transportFailureReason, host);
  }

  // ---- to the host ----

  setCallbacks(callbacks: StreamCallbacks): void {
    this.#callbacks = callbacks;
  }

  encodeHeaders(_headers: RequestHeaderMap, endStream: boolean): void {
    this.encodeData(this.#prologue, endStream);
  }

  encodeData(data: Buffer, endStream: boolean): void {
    if (this.#over || this.#sentEnd) return;
    this.wireBytesSent += data.length;
    this.#connection!.write(data);
    if (endStream) this.encodeTrailers();
  }

  encodeTrailers(): void {
    if (this.#over || this.#sentEnd) return;
    this.#sentEnd = true;
    this.#connection!.closeWrite();
  }

  readDisable(disable: boolean): void {
    if (!this.#over) this.#connection!.readDisable(disable);
  }

  reset(reason: StreamResetReason): void {
    if (this.#over) return;
    this.#over = true;
    // What this event brought still goes out; nothing is waited for.
    this.#connection!.closeWrite();
    this.#connection!.close("noFlush");
    this.#callbacks?.onResetStream(reason, "");
  }

  // ---- from the host ----

  onData(data: Buffer): void {
    if (this.#over) return;
    this.wireBytesReceived += data.length;
    this.#decoder.decodeData(data, false);
  }

  onEndOfStream(): void {
    if (this.#over) return;
    this.#receivedEnd = true;
    this.#decoder.decodeData(NO_BYTES, true);
  }

  onClose(_event: ConnectionCloseEvent, _reason: string): void {
    if (this.#over) return;
    this.#over = true;
    if (!this.#sentEnd || !this.#receivedEnd) this.#callbacks?.onResetStream("connection termination", "");
  }

  onAboveWriteBufferHighWatermark(): void {
    if (!this.#over) this.#callbacks?.onAboveWriteBufferHighWatermark();
  }

  onBelowWriteBufferLowWatermark(): void {
    if (!this.#over) this.#callbacks?.onBelowWriteBufferLowWatermark();
  }
}
