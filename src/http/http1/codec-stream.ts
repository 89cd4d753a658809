import type { ByteSink, Stream, StreamCallbacks, StreamResetReason } from "../codec.ts";
import type { HeaderNameFormat } from "../header-name-format.ts";
import { BodyWriter } from "./message-writer.ts";

/** What a stream of either end needs of its connection. */
export interface CodecStreamOwner {
  readonly sink: ByteSink;
  readonly enableTrailers: boolean;
  /** For messages that bring no format of their names with them; null = lower case. */
  readonly nameFormat: HeaderNameFormat | null;
  readonly isAboveHighWatermark: boolean;
  /** Counted: as many `false` as `true` start reading again. */
  readDisable(disable: boolean): void;
}

/** What a request is to its connection at either end: who is told of resets and watermarks, and the pauses that it asked for. */
export abstract class CodecStream<Owner extends CodecStreamOwner> implements Stream {
  readonly id: number;
  headerBytesSent = 0;
  headerBytesReceived = 0;
  wireBytesReceived = 0;
  protected readonly owner: Owner;
  protected readonly body: BodyWriter;
  protected callbacks: StreamCallbacks | null = null;
  /** The connection has done with the stream: later calls do nothing. */
  protected gone = false;
  #readDisables = 0;

  constructor(owner: Owner, id: number) {
    this.owner = owner;
    this.body = new BodyWriter(owner.sink);
    this.id = id;
  }

  get wireBytesSent(): number {
    return this.headerBytesSent + this.body.writtenBytes;
  }

  get stream(): Stream {
    return this;
  }

  setCallbacks(callbacks: StreamCallbacks): void {
    this.callbacks = callbacks;
    // The message before this one may still fill the connection's buffer.
    if (this.owner.isAboveHighWatermark) callbacks.onAboveWriteBufferHighWatermark();
  }

  reset(reason: StreamResetReason): void {
    this.resetWith(reason, "");
  }

  /** As `reset`, with response code details. */
  abstract resetWith(reason: StreamResetReason, details: string): void;

  readDisable(disable: boolean): void {
    if (this.gone) return;
    if (disable) {
      if (this.#readDisables++ === 0) this.owner.readDisable(true);
    } else if (this.#readDisables > 0 && --this.#readDisables === 0) {
      this.owner.readDisable(false);
    }
  }

  /** Writes a head. */
  protected writeHead(text: string): void {
    this.headerBytesSent += text.length;
    this.owner.sink.writeLatin1(text);
  }

  /** So many bytes of the peer's message have come. */
  received(bytes: number, isHead: boolean): void {
    this.wireBytesReceived += bytes;
    if (isHead) this.headerBytesReceived += bytes;
  }

  /** Ends the stream's hold on its connection: pauses are lifted, later calls do nothing. */
  leave(): void {
    this.gone = true;
    if (this.#readDisables > 0) this.owner.readDisable(false);
    this.#readDisables = 0;
  }

  onAboveWriteBufferHighWatermark(): void {
    this.callbacks?.onAboveWriteBufferHighWatermark();
  }

  onBelowWriteBufferLowWatermark(): void {
    this.callbacks?.onBelowWriteBufferLowWatermark();
  }
}
