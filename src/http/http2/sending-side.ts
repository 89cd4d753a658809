import { assertInvariant } from "../../base/fatal.ts";
import { IdMap } from "../../base/id-map.ts";
import type { TrailerMap } from "../header-map.ts";
import { BlockedStreams } from "./blocked-streams.ts";
import type { Http2CodecOptions } from "./codec-options.ts";
import type { Http2CodecStats } from "./codec-stats.ts";
import type { Http2ConnectionHooks } from "./connection-hooks.ts";
import { FloodGuard } from "./flood-guard.ts";
import { DEFAULT_FRAME_BYTES, DEFAULT_WINDOW_BYTES, type ErrorCode, FRAME_HEAD_BYTES } from "./frame.ts";
import { FrameWriter } from "./frame-writer.ts";
import { HpackEncoder } from "./hpack/hpack-encoder.ts";
import type { LateSink } from "./late-sink.ts";
import { ReceiveWindow } from "./receive-window.ts";
import { PeerSettings } from "./settings.ts";
import type { Http2Stream, Http2StreamOwner } from "./stream.ts";

/** The streams of an HTTP/2 connection, and what is sent on them within the windows of flow control (RFC 9113 §5.2). */
export abstract class SendingSide implements Http2StreamOwner {
  readonly options: Http2CodecOptions;
  readonly stats: Http2CodecStats;
  readonly hooks: Http2ConnectionHooks;
  isAboveHighWatermark = false;
  readonly streamBufferBytes: number;
  protected readonly streams = new IdMap<Http2Stream>();
  protected readonly guard: FloodGuard;
  protected readonly writer: FrameWriter;
  protected readonly encoder: HpackEncoder;
  protected readonly peer = new PeerSettings();
  /** Broken or closed: nothing is read or written any more. */
  protected dead = false;
  /** The peer's highest stream that was or will be worked on. */
  protected lastAcceptedStreamId = 0;
  /** How much we may send on all streams together. */
  protected sendWindow = DEFAULT_WINDOW_BYTES;
  /** How much the peer may send on all streams together. */
  protected readonly receiveWindow: ReceiveWindow;
  /** Those that could send if a window were larger. */
  protected readonly blocked = new BlockedStreams();

  constructor(options: Http2CodecOptions, sink: LateSink, hooks: Http2ConnectionHooks, stats: Http2CodecStats) {
    this.options = options;
    this.hooks = hooks;
    this.stats = stats;
    const { protocol } = options;
    this.streamBufferBytes = hooks.bufferLimitBytes || protocol.initialStreamWindowBytes;
    this.guard = new FloodGuard(protocol, stats, () => hooks.unsentBytes() + this.writer.pendingBytes);
    this.writer = new FrameWriter(sink, this.guard);
    this.encoder = new HpackEncoder(protocol.hpackTableBytes);
    this.receiveWindow = new ReceiveWindow(protocol.initialConnectionWindowBytes);
  }

  /** The last stream has left. */
  protected onStreamsGone(): void {}

  get peerInitialWindow(): number {
    return this.peer.initialWindow;
  }

  /** Writes HEADERS of the fields that `writePseudo` and `list` make. */
  protected beginHeaders(list: readonly string[], pseudoLength: number): HpackEncoder {
    this.writer.beginHeaders(this.encoder, HpackEncoder.roomFor(list, 6, pseudoLength));
    return this.encoder;
  }

  protected endHeaders(list: readonly string[], stream: Http2Stream, endStream: boolean): void {
    const encoder = this.encoder;
    for (let i = 0; i < list.length; i += 2) encoder.field(list[i]!, list[i + 1]!);
    stream.sentHeaders(this.writer.endHeaders(encoder, stream.id, endStream, DEFAULT_FRAME_BYTES));
  }

  /** Writes trailers; they end the stream. */
  sendTrailers(stream: Http2Stream, trailers: TrailerMap): void {
    if (this.dead) return;
    stream.localEnded = true;
    this.beginHeaders(trailers.list, 0);
    this.endHeaders(trailers.list, stream, true);
  }

  /**
   * Writes of `data` what the windows allow, but no more than `limitBytes`, as frames; answers how many bytes. Sets the
   * stream's `localEnded` once END_STREAM has gone with the last of them.
   */
  sendData(stream: Http2Stream, data: Buffer, limitBytes: number, endStream: boolean): number {
    if (this.dead) return 0;
    let at = 0;
    while (at < data.length) {
      const room = Math.min(this.sendWindow, stream.sendWindow, this.peer.maxFrameBytes, limitBytes - at);
      if (room <= 0) return at;
      const next = Math.min(data.length, at + room);
      const last = endStream && next === data.length;
      if (last) stream.localEnded = true;
      this.writer.data(stream.id, data, at, next, last);
      this.sendWindow -= next - at;
      stream.sendWindow -= next - at;
      stream.wireBytesSent += FRAME_HEAD_BYTES + next - at;
      at = next;
    }
    if (endStream && !stream.localEnded) {
      stream.localEnded = true;
      this.writer.data(stream.id, data, data.length, data.length, true);
      stream.wireBytesSent += FRAME_HEAD_BYTES;
    }
    return at;
  }

  sendReset(streamId: number, code: ErrorCode): void {
    if (this.dead) return;
    this.stats.txReset.inc();
    this.writer.rstStream(streamId, code);
  }

  /** Bytes that the peer sent are used: it may send as many more, on the connection and on `stream` if it is still there. */
  giveBack(stream: Http2Stream | null, bytes: number): void {
    if (this.dead) return;
    const ofConnection = this.receiveWindow.giveBack(bytes);
    if (ofConnection > 0) this.writer.windowUpdate(0, ofConnection);
    if (stream === null || stream.gone || stream.remoteEnded) return;
    const ofStream = stream.receiveWindow.giveBack(bytes);
    if (ofStream > 0) this.writer.windowUpdate(stream.id, ofStream);
  }

  onStreamBlocked(stream: Http2Stream): void {
    this.blocked.add(stream);
  }
  onStreamUnblocked(stream: Http2Stream): void {
    this.blocked.delete(stream);
  }
  /** All of a stream has been handed over, and some of it waits for windows. */
  onEndQueued(_stream: Http2Stream): void {}

  /** A stream has left. */
  onStreamGone(stream: Http2Stream, queuedBytes: number): void {
    this.blocked.delete(stream);
    if (queuedBytes > 0) this.stats.pendingSendBytes.add(-queuedBytes);
    if (stream.id === 0 || !this.streams.delete(stream.id)) return;
    this.stats.streamsActive.dec();
    if (this.streams.size === 0) this.onStreamsGone();
  }

  protected addStream(stream: Http2Stream): void {
    assertInvariant(!this.streams.has(stream.id), "a stream id is used twice");
    this.streams.set(stream.id, stream);
    this.stats.streamsActive.inc();
    this.guard.streamOpened();
  }

  onUnderlyingConnectionAboveWriteBufferHighWatermark(): void {
    this.isAboveHighWatermark = true;
    for (const stream of this.streams.values()) stream.onConnectionAboveHighWatermark();
  }

  onUnderlyingConnectionBelowWriteBufferLowWatermark(): void {
    this.isAboveHighWatermark = false;
    for (const stream of this.streams.values()) stream.onConnectionBelowLowWatermark();
  }
}
