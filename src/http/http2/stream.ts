import type { Stream, StreamCallbacks, StreamResetReason } from "../codec.ts";
import type { TrailerMap } from "../header-map.ts";
import { Http2Details } from "./codec-details.ts";
import type { Http2CodecOptions } from "./codec-options.ts";
import type { Http2CodecStats } from "./codec-stats.ts";
import { ErrorCode } from "./frame.ts";
import { ReceiveWindow } from "./receive-window.ts";

const NO_BYTES = Buffer.alloc(0);

/** What a stream needs of its connection; implemented by `Http2Connection`, where each is described. */
export interface Http2StreamOwner {
  readonly options: Http2CodecOptions;
  readonly stats: Http2CodecStats;
  readonly isAboveHighWatermark: boolean;
  readonly peerInitialWindow: number;
  readonly streamBufferBytes: number;
  sendData(stream: Http2Stream, data: Buffer, limitBytes: number, endStream: boolean): number;
  sendTrailers(stream: Http2Stream, trailers: TrailerMap): void;
  sendReset(streamId: number, code: ErrorCode): void;
  giveBack(stream: Http2Stream | null, bytes: number): void;
  onStreamBlocked(stream: Http2Stream): void;
  onStreamUnblocked(stream: Http2Stream): void;
  onEndQueued(stream: Http2Stream): void;
  onStreamGone(stream: Http2Stream, queuedBytes: number): void;
}

/**
 * One stream of an HTTP/2 connection, whichever side opened it: what it may still send and receive, what waits for the
 * peer's windows, and how far either direction has come (RFC 9113 §5.1). Base of the server's and the client's stream.
 */
export abstract class Http2Stream implements Stream {
  /** 0 until the client has sent its headers. */
  id = 0;
  /** How much we may send, as far as this stream goes. The peer can make it negative. */
  sendWindow: number;
  /** Received while reading was disabled: not used yet. */
  heldBytes = 0;
  /** The peer has sent END_STREAM. */
  remoteEnded = false;
  /** The peer's headers have come; the next block is its trailers. */
  remoteStarted = false;
  /** What the peer's `content-length` leaves to come; -1 = it said nothing. */
  remoteLeftBytes = -1;
  wireBytesSent = 0;
  wireBytesReceived = 0;
  headerBytesSent = 0;
  headerBytesReceived = 0;
  /** Our END_STREAM is written. */
  localEnded = false;
  /** Gone from its connection: nothing is sent or told any more. */
  gone = false;
  protected readonly connection: Http2StreamOwner;
  protected callbacks: StreamCallbacks | null = null;
  /** Our user has said that nothing follows; it may still wait for windows. */
  protected endQueued = false;
  private ownReceiveWindow: ReceiveWindow | null = null;
  private queue: Buffer[] | null = null;
  protected queuedBytes = 0;
  private trailers: TrailerMap | null = null;
  private aboveHighWatermark = false;
  private readDisables = 0;

  constructor(connection: Http2StreamOwner) {
    this.connection = connection;
    this.sendWindow = connection.peerInitialWindow;
  }

  get stream(): Stream {
    return this;
  }

  /** How much the peer may still send. Most requests have no body, and never need it. */
  get receiveWindow(): ReceiveWindow {
    this.ownReceiveWindow ??= new ReceiveWindow(this.connection.options.protocol.initialStreamWindowBytes);
    return this.ownReceiveWindow;
  }

  setCallbacks(callbacks: StreamCallbacks): void {
    this.callbacks = callbacks;
    if (this.connection.isAboveHighWatermark) callbacks.onAboveWriteBufferHighWatermark();
  }

  /** The peer's body. */
  abstract receiveData(data: Buffer, endStream: boolean): void;

  // ---- from the user ----

  reset(reason: StreamResetReason): void {
    if (!this.gone) this.resetWith(this.codeOf(reason), reason, "");
  }

  /** What a stream that our user gives up is reset with. */
  protected abstract resetCode(): ErrorCode;

  private codeOf(reason: StreamResetReason): ErrorCode {
    switch (reason) {
      case "protocol error":
        return ErrorCode.protocolError;
      case "local refused stream reset":
        return ErrorCode.refusedStream;
      case "remote error with CONNECT request":
        return ErrorCode.connectError;
      default:
        return this.resetCode();
    }
  }

  /** Resets towards the peer and tells the user. */
  resetWith(code: ErrorCode, reason: StreamResetReason, details: string): void {
    if (this.gone) return;
    if (this.id !== 0) this.connection.sendReset(this.id, code);
    this.end(reason, details);
  }

  /** The peer has reset the stream, or the connection has ended. */
  onRemoteReset(code: number): void {
    if (code === ErrorCode.refusedStream) this.end("remote refused stream reset", Http2Details.remoteRefused);
    else if (code === ErrorCode.connectError) this.end("remote error with CONNECT request", Http2Details.remoteReset);
    else this.end("remote reset", Http2Details.remoteReset);
  }

  /** Leaves the connection and tells the user why. */
  end(reason: StreamResetReason, details: string): void {
    if (this.gone) return;
    const callbacks = this.callbacks;
    this.leave();
    callbacks?.onResetStream(reason, details);
    this.onLeft(true);
  }

  /** What follows when the user has been told. */
  protected onLeft(_wasReset: boolean): void {}

  readDisable(disable: boolean): void {
    if (this.gone) return;
    if (disable) {
      this.readDisables++;
    } else if (this.readDisables > 0 && --this.readDisables === 0 && this.heldBytes > 0) {
      const held = this.heldBytes;
      this.heldBytes = 0;
      this.connection.giveBack(this, held);
    }
  }

  /** Counts the frames of a header block, so many bytes with their heads. */
  receivedHeaders(bytes: number): void {
    this.headerBytesReceived += bytes;
    this.wireBytesReceived += bytes;
  }

  /** Likewise. */
  sentHeaders(bytes: number): void {
    this.headerBytesSent += bytes;
    this.wireBytesSent += bytes;
  }

  /** Counts body of the peer against what it has announced; false if it is more, or ends short of it. */
  takeBody(bytes: number, endStream: boolean): boolean {
    if (this.remoteLeftBytes === -1) return true;
    this.remoteLeftBytes -= bytes;
    return this.remoteLeftBytes >= 0 && (!endStream || this.remoteLeftBytes === 0);
  }

  /** Counts bytes that the user has got; the peer may send as many more unless reading is disabled. */
  onReceived(bytes: number): void {
    if (bytes === 0) return;
    if (this.readDisables > 0 && !this.gone) this.heldBytes += bytes;
    else this.connection.giveBack(this, bytes);
  }

  encodeData(data: Buffer, endStream: boolean): void {
    if (this.gone || this.endQueued || this.id === 0) return;
    this.endQueued = endStream;
    let sent = 0;
    if (this.queue === null) {
      sent = this.connection.sendData(this, data, data.length, endStream);
      if (sent === data.length) {
        if (this.localEnded) this.afterEnd();
        return;
      }
    }
    this.enqueue(sent === 0 ? data : data.subarray(sent));
  }

  encodeTrailers(trailers: TrailerMap): void {
    if (this.gone || this.endQueued || this.id === 0) return;
    this.endQueued = true;
    if (this.queue === null) {
      this.sendTrailers(trailers);
      return;
    }
    this.trailers = trailers;
    this.connection.onEndQueued(this);
  }

  /** Whether something waits for the peer's windows. */
  get isBlocked(): boolean {
    return this.queue !== null;
  }

  /** Sends of what waits as much as the windows allow, at most `limitBytes`; answers how much it was. */
  pump(limitBytes: number): number {
    let total = 0;
    while (this.queue !== null && total < limitBytes) {
      const first = this.queue[0]!;
      const isLast = this.queue.length === 1 && this.endQueued && this.trailers === null;
      const sent = this.connection.sendData(this, first, limitBytes - total, isLast);
      if (sent === 0 && first.length > 0) break;
      total += sent;
      this.dequeue(first, sent);
    }
    this.checkLowWatermark();
    if (this.queue === null && !this.gone) this.afterQueue();
    return total;
  }

  /** HEADERS or DATA with END_STREAM have been written. */
  afterEnd(): void {
    this.localEnded = true;
    if (this.remoteEnded) this.complete();
  }

  /** The peer's END_STREAM has been handed on. */
  onRemoteEnded(): void {
    if (this.localEnded && !this.gone) this.complete();
  }

  onConnectionAboveHighWatermark(): void {
    this.callbacks?.onAboveWriteBufferHighWatermark();
  }
  onConnectionBelowLowWatermark(): void {
    this.callbacks?.onBelowWriteBufferLowWatermark();
  }

  private complete(): void {
    this.leave();
    this.onLeft(false);
  }

  private leave(): void {
    this.gone = true;
    this.callbacks = null;
    this.connection.onStreamGone(this, this.queuedBytes);
    this.queue = null;
    this.queuedBytes = 0;
    if (this.heldBytes > 0) {
      const held = this.heldBytes;
      this.heldBytes = 0;
      this.connection.giveBack(this, held);
    }
  }

  private enqueue(data: Buffer): void {
    if (this.queue === null) {
      this.queue = [];
      this.connection.onStreamBlocked(this);
    }
    this.queue.push(data);
    this.queuedBytes += data.length;
    this.connection.stats.pendingSendBytes.add(data.length);
    if (this.endQueued) this.connection.onEndQueued(this);
    if (this.aboveHighWatermark || this.queuedBytes <= this.connection.streamBufferBytes) return;
    this.aboveHighWatermark = true;
    this.callbacks?.onAboveWriteBufferHighWatermark();
  }

  private dequeue(first: Buffer, sent: number): void {
    const queue = this.queue!;
    this.queuedBytes -= sent;
    this.connection.stats.pendingSendBytes.add(-sent);
    if (sent < first.length) queue[0] = first.subarray(sent);
    else if (queue.length > 1) queue.shift();
    else this.queue = null;
  }

  private afterQueue(): void {
    this.connection.onStreamUnblocked(this);
    const trailers = this.trailers;
    this.trailers = null;
    if (trailers !== null) this.sendTrailers(trailers);
    else if (this.localEnded) this.afterEnd();
  }

  private checkLowWatermark(): void {
    if (!this.aboveHighWatermark || this.queuedBytes > this.connection.streamBufferBytes >> 1) return;
    this.aboveHighWatermark = false;
    this.callbacks?.onBelowWriteBufferLowWatermark();
  }

  private sendTrailers(trailers: TrailerMap): void {
    if (trailers.count > 0) this.connection.sendTrailers(this, trailers);
    else this.connection.sendData(this, NO_BYTES, 0, true);
    this.afterEnd();
  }
}
