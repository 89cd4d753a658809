import type { ByteSink } from "../codec.ts";
import type { HeaderNameFormat } from "../header-name-format.ts";
import type { BodyDecoder } from "./body-decoder.ts";
import type { Http1CodecOptions } from "./codec-options.ts";
import type { CodecStream, CodecStreamOwner } from "./codec-stream.ts";
import type { Http1ConnectionHooks } from "./connection-hooks.ts";
import { HeadDecoder } from "./head-decoder.ts";

/** Ends a body that has had all its bytes. */
export const NO_BYTES = Buffer.alloc(0);

/**
 * What both ends of an HTTP/1 connection have in common: one request at a time, and what its stream asks of the connection.
 * `Http1ServerConnection` and `Http1ClientConnection` add what bytes mean, and when the next request may begin.
 */
export abstract class Http1Connection<
  Options extends Http1CodecOptions,
  Hooks extends Http1ConnectionHooks,
  RequestStream extends CodecStream<CodecStreamOwner>,
> implements CodecStreamOwner
{
  readonly sink: ByteSink;
  isAboveHighWatermark = false;
  protected readonly options: Options;
  protected readonly hooks: Hooks;
  protected readonly head: HeadDecoder;
  /** Made for the first message with a body. */
  protected body: BodyDecoder | null = null;
  /** The request in hand. */
  protected stream: RequestStream | null = null;
  protected requestCount = 0;

  constructor(options: Options, sink: ByteSink, hooks: Hooks, readsRequests: boolean) {
    this.options = options;
    this.sink = sink;
    this.hooks = hooks;
    this.head = new HeadDecoder(readsRequests);
  }

  /** Whether some, but not all bytes of a head are here; for the request-headers timeout, and for what a reset says. */
  get isReadingHead(): boolean {
    return this.head.isPartial;
  }

  get enableTrailers(): boolean {
    return this.options.enableTrailers;
  }

  get nameFormat(): HeaderNameFormat | null {
    return this.options.nameFormat;
  }

  onUnderlyingConnectionAboveWriteBufferHighWatermark(): void {
    this.isAboveHighWatermark = true;
    this.stream?.onAboveWriteBufferHighWatermark();
  }

  onUnderlyingConnectionBelowWriteBufferLowWatermark(): void {
    this.isAboveHighWatermark = false;
    this.stream?.onBelowWriteBufferLowWatermark();
  }

  /** @internal For the stream. */
  readDisable(disable: boolean): void {
    this.hooks.readDisable(disable);
  }

  /** Lets go of what has been read of a message: no more of it is decoded. */
  protected dropMessage(): void {
    this.head.drop();
    this.body?.abort();
  }
}
