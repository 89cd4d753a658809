import type { StreamResetReason } from "../codec.ts";
import type { TrailerMap } from "../header-map.ts";
import type { HeadersWithUnderscoresAction } from "../http1/codec-options.ts";
import { BlockAssembly } from "./block-assembly.ts";
import { checkLength, frameSizeError, Http2Details, Http2Error, protocolError } from "./codec-details.ts";
import type { Http2CodecOptions } from "./codec-options.ts";
import type { Http2CodecStats } from "./codec-stats.ts";
import type { Http2ConnectionHooks } from "./connection-hooks.ts";
import { DEFAULT_WINDOW_BYTES, ErrorCode, FRAME_HEAD_BYTES, FrameFlag, FrameType, MAX_WINDOW_BYTES } from "./frame.ts";
import { type FrameHandler, FrameReader } from "./frame-reader.ts";
import { type BlockKind, HeaderBlock } from "./header-block.ts";
import { HpackDecoder } from "./hpack/hpack-decoder.ts";
import { Keepalive } from "./keepalive.ts";
import type { LateSink } from "./late-sink.ts";
import { SendingSide } from "./sending-side.ts";
import { settingsToSend } from "./settings.ts";
import type { Http2Stream } from "./stream.ts";

/** The thread's block; used up before any callback. */
const headerBlock = new HeaderBlock();

/**
 * What both ends of an HTTP/2 connection (RFC 9113) have in common: frames in, settings and flow control; `SendingSide` has
 * what goes out. `ServerConnection` and `ClientConnection` add who may open streams and what a header block means.
 *
 * Bytes come by `dispatch`; an error of the connection is answered with GOAWAY there and thrown on as `Http2Error`.
 */
export abstract class Http2Connection extends SendingSide implements FrameHandler {
  protected readonly keepalive: Keepalive | null;
  private readonly reader: FrameReader;
  private readonly decoder = new HpackDecoder();
  private settingsSeen = false;
  private readonly block: BlockAssembly;
  /** What the header block that came last took on the wire. */
  protected blockBytes = 0;
  /** The stream of the DATA frame being read; null if its bytes are of no use to anyone. */
  private dataStream: Http2Stream | null = null;
  private dataEndStream = false;

  constructor(options: Http2CodecOptions, sink: LateSink, hooks: Http2ConnectionHooks, stats: Http2CodecStats) {
    super(options, sink, hooks, stats);
    const { keepalive } = options.protocol;
    this.reader = new FrameReader(this);
    this.block = new BlockAssembly(options.headerLimits.headBytes);
    this.keepalive = keepalive === null ? null : new Keepalive(keepalive, hooks, this.writer, stats);
  }

  /** Sends our settings, behind the client's preface. */
  protected start(isServer: boolean): void {
    this.writer.settings(settingsToSend(this.options.protocol, isServer));
    const more = this.options.protocol.initialConnectionWindowBytes - DEFAULT_WINDOW_BYTES;
    if (more > 0) this.writer.windowUpdate(0, more);
    this.keepalive?.start();
  }

  // ---- what the two ends do differently ----

  /** A whole header block of a stream. Must hand it to `decode`, even if it is of no use. */
  protected abstract onHeaderBlock(
    streamId: number,
    endStream: boolean,
    data: Buffer,
    start: number,
    end: number,
  ): void;
  /** Whether nothing has happened on this stream yet, so that nothing but HEADERS and PRIORITY may. */
  protected abstract isIdle(streamId: number): boolean;
  protected abstract onGoAwayFrame(lastStreamId: number, code: number): void;
  protected onPeerSettings(): void {}

  /** Frames from the peer. Throws `Http2Error` if the connection can't go on. */
  protected read(data: Buffer, from: number): void {
    try {
      this.keepalive?.onRead();
      this.reader.read(data, from);
      this.guard.checkOutbound();
    } catch (error) {
      if (error instanceof Http2Error) this.fail(error);
      else this.dead = true;
      throw error;
    }
  }

  /** Says GOAWAY with the error's code; nothing is sent afterwards. */
  protected fail(error: Http2Error): void {
    if (this.dead) return;
    this.writer.goAway(this.lastAcceptedStreamId, error.code, error.message);
    this.dead = true;
    this.keepalive?.stop();
  }

  /** Ends all streams without a frame: the connection is gone. */
  protected endAll(reason: StreamResetReason): void {
    this.dead = true;
    this.keepalive?.stop();
    for (const stream of this.streams.values()) stream.end(reason, "");
  }

  /** Whether a header block or another frame has come in part. */
  get isReadingHead(): boolean {
    return this.block.streamId !== 0 || this.reader.isInFrame;
  }

  // ---- frames ----

  onFrame(type: number, flags: number, streamId: number, data: Buffer, start: number, end: number): void {
    this.checkOrder(type, flags, streamId);
    switch (type) {
      case FrameType.headers:
        this.onHeaders(flags, streamId, data, start, end);
        return;
      case FrameType.continuation:
        this.onContinuation(flags, streamId, data, start, end);
        return;
      case FrameType.priority:
        if (streamId === 0) throw protocolError("PRIORITY without a stream");
        checkLength("PRIORITY", end - start, 5);
        this.guard.onPriorityFrame();
        return;
      case FrameType.rstStream:
        this.onRstStream(streamId, data, start, end);
        return;
      case FrameType.settings:
        this.onSettings(flags, streamId, data, start, end);
        return;
      case FrameType.pushPromise:
        throw protocolError("PUSH_PROMISE is not expected");
      case FrameType.ping:
        this.onPing(flags, streamId, data, start, end);
        return;
      case FrameType.goAway:
        if (streamId !== 0) throw protocolError("GOAWAY on a stream");
        if (end - start < 8) throw frameSizeError("GOAWAY");
        this.onGoAwayFrame(data.readUInt32BE(start) & MAX_WINDOW_BYTES, data.readUInt32BE(start + 4));
        return;
      case FrameType.windowUpdate:
        this.onWindowUpdate(streamId, data, start, end);
        return;
      default:
      // Unknown types are ignored (§4.1).
    }
  }

  private checkOrder(type: number, flags: number, streamId: number): void {
    if (this.block.streamId !== 0 && (type !== FrameType.continuation || streamId !== this.block.streamId)) {
      throw protocolError("a header block is interrupted");
    }
    if (this.settingsSeen) return;
    if (type !== FrameType.settings || (flags & FrameFlag.ack) !== 0)
      throw protocolError("the first frame is not SETTINGS");
    this.settingsSeen = true;
  }

  private onHeaders(flags: number, streamId: number, data: Buffer, start: number, end: number): void {
    if (streamId === 0) throw protocolError("HEADERS without a stream");
    let from = start;
    let to = end;
    if ((flags & FrameFlag.padded) !== 0) {
      if (from === to) throw frameSizeError("HEADERS");
      to -= data[from++]!;
    }
    if ((flags & FrameFlag.priority) !== 0) from += 5;
    if (from > to) throw protocolError("HEADERS has more padding than payload");
    const endStream = (flags & FrameFlag.endStream) !== 0;
    this.guard.onMessageFrame(from === to && !endStream);
    this.blockBytes = FRAME_HEAD_BYTES + end - start;
    if ((flags & FrameFlag.endHeaders) !== 0) {
      this.onHeaderBlock(streamId, endStream, data, from, to);
      return;
    }
    this.block.begin(streamId, endStream, data, from, to);
  }

  private onContinuation(flags: number, streamId: number, data: Buffer, start: number, end: number): void {
    const endHeaders = (flags & FrameFlag.endHeaders) !== 0;
    this.guard.onMessageFrame(start === end && !endHeaders);
    this.block.append(data, start, end);
    this.blockBytes += FRAME_HEAD_BYTES + end - start;
    if (!endHeaders) return;
    const { endStream } = this.block;
    const block = this.block.take();
    this.onHeaderBlock(streamId, endStream, block, 0, block.length);
  }

  /** Decodes a block into the thread's `HeaderBlock`. */
  protected decode(
    kind: BlockKind,
    underscores: HeadersWithUnderscoresAction,
    data: Buffer,
    start: number,
    end: number,
  ): HeaderBlock {
    headerBlock.begin(kind, this.options.headerLimits, underscores, this.stats);
    if (this.decoder.decode(data, start, end, headerBlock)) return headerBlock;
    throw new Http2Error(ErrorCode.compressionError, "a header block can't be decoded", Http2Details.invalidHeader);
  }

  /** The trailers of a stream of ours or the peer's. */
  protected receiveTrailers(
    stream: Http2Stream,
    endStream: boolean,
    underscores: HeadersWithUnderscoresAction,
    data: Buffer,
    start: number,
    end: number,
  ): TrailerMap | null {
    if (stream.remoteEnded) throw new Http2Error(ErrorCode.streamClosed, "HEADERS behind the end of a stream");
    this.stats.trailers.inc();
    stream.receivedHeaders(this.blockBytes);
    const block = this.decode("trailers", underscores, data, start, end);
    if (block.overflown) {
      this.overflow(stream);
      return null;
    }
    if (block.hasRejectedUnderscore) {
      stream.resetWith(ErrorCode.protocolError, "protocol error", Http2Details.unexpectedUnderscore);
      return null;
    }
    const trailers = block.toTrailers();
    if (trailers === null || !endStream || stream.remoteLeftBytes > 0) {
      this.messagingError(stream, block.problem === "" ? "trailers end no message" : block.problem);
      return null;
    }
    stream.remoteEnded = true;
    return trailers;
  }

  /** A header block that is too large costs its stream. */
  protected overflow(stream: Http2Stream): void {
    this.stats.headerOverflow.inc();
    stream.resetWith(ErrorCode.internalError, "protocol error", Http2Details.tooManyHeaders);
  }

  /** A malformed message (§8.1.1) costs the connection, or only its stream if so configured. */
  protected messagingError(stream: Http2Stream, problem: string): void {
    this.refuseMessage(problem);
    stream.resetWith(ErrorCode.protocolError, "protocol error", Http2Details.messaging);
  }

  /** Counts a malformed message and ends the connection unless only its stream is to end. */
  protected refuseMessage(problem: string): void {
    this.stats.rxMessagingError.inc();
    if (this.options.protocol.streamErrorOnInvalidHttpMessage) return;
    throw new Http2Error(ErrorCode.protocolError, problem, Http2Details.messaging);
  }

  onDataHead(streamId: number, length: number, padding: number, endStream: boolean): void {
    this.checkOrder(FrameType.data, 0, streamId);
    if (streamId === 0) throw protocolError("DATA without a stream");
    this.guard.onMessageFrame(length === padding && !endStream);
    if (!this.receiveWindow.take(length)) {
      throw new Http2Error(ErrorCode.flowControlError, "the connection's window is exceeded");
    }
    const stream = this.streams.get(streamId) ?? null;
    this.dataStream = stream;
    this.dataEndStream = endStream;
    if (stream === null) {
      if (this.isIdle(streamId)) throw protocolError("DATA on a stream that nobody has opened");
      // What was on its way when the stream was reset.
      this.giveBack(null, length);
      return;
    }
    if (stream.remoteEnded) throw new Http2Error(ErrorCode.streamClosed, "DATA behind the end of a stream");
    if (!stream.remoteStarted) throw protocolError("DATA before HEADERS");
    if (!stream.receiveWindow.take(length)) {
      throw new Http2Error(ErrorCode.flowControlError, "a stream's window is exceeded");
    }
    if (padding > 0) this.giveBack(stream, padding);
    stream.wireBytesReceived += FRAME_HEAD_BYTES + length;
    if (stream.takeBody(length - padding, endStream)) return;
    this.giveBack(null, length - padding);
    this.messagingError(stream, "the body has not the length that was announced");
    this.dataStream = null;
  }

  onDataBytes(_streamId: number, bytes: Buffer, isLast: boolean): void {
    const stream = this.dataStream;
    if (stream === null) return;
    if (stream.gone) {
      this.giveBack(null, bytes.length);
      return;
    }
    const endStream = isLast && this.dataEndStream;
    if (endStream) stream.remoteEnded = true;
    else if (bytes.length === 0) return;
    stream.receiveData(bytes, endStream);
    stream.onReceived(bytes.length);
    if (endStream) stream.onRemoteEnded();
  }

  private onRstStream(streamId: number, data: Buffer, start: number, end: number): void {
    checkLength("RST_STREAM", end - start, 4);
    if (streamId === 0 || this.isIdle(streamId)) throw protocolError("RST_STREAM on a stream that nobody has opened");
    const stream = this.streams.get(streamId);
    if (stream === undefined) return;
    this.stats.rxReset.inc();
    stream.onRemoteReset(data.readUInt32BE(start));
  }

  private onSettings(flags: number, streamId: number, data: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw protocolError("SETTINGS on a stream");
    if ((flags & FrameFlag.ack) !== 0) {
      checkLength("SETTINGS with ACK", end - start, 0);
      this.decoder.setLimit(this.options.protocol.hpackTableBytes);
      return;
    }
    if ((end - start) % 6 !== 0) throw frameSizeError("SETTINGS");
    const windowBefore = this.peer.initialWindow;
    this.peer.read(data, start, end);
    this.encoder.setPeerLimit(this.peer.headerTableBytes);
    this.writer.settingsAck();
    const more = this.peer.initialWindow - windowBefore;
    if (more !== 0) {
      for (const stream of this.streams.values()) {
        stream.sendWindow += more;
        if (stream.sendWindow > MAX_WINDOW_BYTES) {
          throw new Http2Error(ErrorCode.flowControlError, "SETTINGS make a window too large");
        }
      }
      this.blocked.pump();
    }
    this.onPeerSettings();
  }

  private onPing(flags: number, streamId: number, data: Buffer, start: number, end: number): void {
    if (streamId !== 0) throw protocolError("PING on a stream");
    checkLength("PING", end - start, 8);
    if ((flags & FrameFlag.ack) !== 0) this.keepalive?.onPong();
    else this.writer.ping(data, start, true);
  }

  private onWindowUpdate(streamId: number, data: Buffer, start: number, end: number): void {
    checkLength("WINDOW_UPDATE", end - start, 4);
    this.guard.onWindowUpdateFrame();
    const more = data.readUInt32BE(start) & MAX_WINDOW_BYTES;
    if (streamId === 0) {
      if (more === 0) throw protocolError("WINDOW_UPDATE of 0");
      this.sendWindow += more;
      if (this.sendWindow > MAX_WINDOW_BYTES)
        throw new Http2Error(ErrorCode.flowControlError, "the window is too large");
      this.blocked.pump();
      return;
    }
    const stream = this.streams.get(streamId);
    if (stream === undefined) {
      if (this.isIdle(streamId)) throw protocolError("WINDOW_UPDATE on a stream that nobody has opened");
      return;
    }
    stream.sendWindow += more;
    if (more === 0) stream.resetWith(ErrorCode.protocolError, "protocol error", Http2Details.messaging);
    else if (stream.sendWindow > MAX_WINDOW_BYTES) {
      stream.resetWith(ErrorCode.flowControlError, "protocol error", Http2Details.messaging);
    } else if (stream.isBlocked) stream.pump(Number.POSITIVE_INFINITY);
  }
}
