import {
  type ClientConnection,
  type ClientConnectionCallbacks,
  Protocol,
  type RequestEncoder,
  type ResponseDecoder,
} from "../codec.ts";
import type { RequestHeaderMap } from "../header-map.ts";
import { ClientStream, type ClientStreamOwner } from "./client-stream.ts";
import { Http2Details, type Http2Error, protocolError } from "./codec-details.ts";
import type { Http2ClientOptions } from "./codec-options.ts";
import type { Http2CodecStats } from "./codec-stats.ts";
import { Http2Connection } from "./connection.ts";
import type { Http2ClientHooks } from "./connection-hooks.ts";
import { toUpgradeResponse } from "./extended-connect.ts";
import { ErrorCode } from "./frame.ts";
import type { HeaderBlock } from "./header-block.ts";
import type { LateSink } from "./late-sink.ts";

/** Interim responses before a final one; more are an attack or a loop. */
const INTERIM_LIMIT = 100;
/** What a server allows at least, as we hope, before its settings have come (RFC 9113 §6.5.2). */
const STREAMS_BEFORE_SETTINGS = 100;
/** Numbers end at 2^31; long before that the connection takes no new streams. */
const LAST_STREAM_ID = 2 ** 31 - 2 ** 16 - 1;

/** The upstream end of an HTTP/2 connection: as many requests at a time as `maxStreams` says. */
export class Http2ClientConnection extends Http2Connection implements ClientConnection, ClientStreamOwner {
  readonly protocol = Protocol.http2;
  readonly #callbacks: ClientConnectionCallbacks;
  readonly #hooks: Http2ClientHooks;
  #nextStreamId = 1;
  #goAway = false;
  #settingsCame = false;
  /** The peer has broken the protocol, and with it all its streams. */
  #failed = false;

  constructor(
    options: Http2ClientOptions,
    sink: LateSink,
    callbacks: ClientConnectionCallbacks,
    hooks: Http2ClientHooks,
    stats: Http2CodecStats,
  ) {
    super(options, sink, hooks, stats);
    this.#callbacks = callbacks;
    this.#hooks = hooks;
    this.writer.preface();
    this.start(false);
  }

  get maxStreams(): number {
    const ours = this.options.protocol.maxConcurrentStreams;
    if (!this.#settingsCame) return Math.min(ours, STREAMS_BEFORE_SETTINGS);
    const theirs = this.peer.maxConcurrentStreams;
    return theirs === -1 ? ours : Math.min(ours, theirs);
  }

  get mayUpgrade(): boolean {
    return !this.#settingsCame || this.peer.enableConnectProtocol;
  }

  newStream(decoder: ResponseDecoder): RequestEncoder {
    this.keepalive?.beforeStream();
    return new ClientStream(this, decoder);
  }

  dispatch(data: Buffer): void {
    if (!this.dead) this.read(data, 0);
  }

  onRemoteClose(): void {
    this.endAll(this.#failed ? "protocol error" : "connection termination");
  }

  protected override fail(error: Http2Error): void {
    this.#failed = true;
    super.fail(error);
  }

  /** Gives a stream its number; false, and the stream reset, if the connection takes none any more. */
  openStream(stream: ClientStream): boolean {
    if (this.#goAway || this.dead) {
      stream.end("remote refused stream reset", Http2Details.remoteRefused);
      return false;
    }
    stream.id = this.#nextStreamId;
    this.#nextStreamId += 2;
    this.addStream(stream);
    if (stream.id === LAST_STREAM_ID) {
      this.#goAway = true;
      this.#callbacks.onGoAway();
    }
    return true;
  }

  sendRequestHeaders(stream: ClientStream, headers: RequestHeaderMap, endStream: boolean): void {
    const { path, authority, scheme, list } = headers;
    const protocol = stream.upgrade;
    const method = protocol === "" ? headers.method : "CONNECT";
    const encoder = this.beginHeaders(list, method.length + path.length + authority.length + protocol.length + 64);
    if (method === "GET") encoder.staticField(2);
    else if (method === "POST") encoder.staticField(3);
    else encoder.field(":method", method);
    if (method !== "CONNECT" || protocol !== "") {
      encoder.staticField(scheme === "https" ? 7 : 6);
      if (path === "/") encoder.staticField(4);
      else encoder.field(":path", path);
    }
    if (authority !== "") encoder.field(":authority", authority);
    if (protocol !== "") encoder.field(":protocol", protocol);
    this.endHeaders(list, stream, endStream);
  }

  /** @internal For the stream. */
  onStreamComplete(wasReset: boolean): void {
    this.#callbacks.onStreamComplete(!this.dead && !this.#goAway, wasReset);
  }

  protected isIdle(streamId: number): boolean {
    return streamId >= this.#nextStreamId || streamId % 2 === 0;
  }

  protected override onPeerSettings(): void {
    this.#settingsCame = true;
    this.#hooks.onMaxStreamsChanged();
  }

  protected onGoAwayFrame(lastStreamId: number): void {
    this.#goAway = true;
    this.#callbacks.onGoAway();
    for (const stream of this.streams.values()) {
      if (stream.id > lastStreamId) stream.end("remote refused stream reset", Http2Details.remoteRefused);
    }
  }

  protected onHeaderBlock(streamId: number, endStream: boolean, data: Buffer, start: number, end: number): void {
    const stream = this.streams.get(streamId) as ClientStream | undefined;
    if (stream === undefined) {
      if (this.isIdle(streamId)) throw protocolError("HEADERS on a stream that nobody has opened");
      this.stats.headersCbNoStream.inc();
      this.decode("response", "allow", data, start, end);
      return;
    }
    if (stream.remoteStarted) {
      const trailers = this.receiveTrailers(stream, endStream, "allow", data, start, end);
      if (trailers === null) return;
      stream.decoder.decodeTrailers(trailers);
      stream.onRemoteEnded();
      return;
    }
    stream.receivedHeaders(this.blockBytes);
    const block = this.decode("response", "allow", data, start, end);
    if (block.overflown) this.overflow(stream);
    else this.#onResponse(stream, endStream, block);
  }

  #onResponse(stream: ClientStream, endStream: boolean, block: HeaderBlock): void {
    const headers = block.toResponse();
    if (headers === null) {
      this.messagingError(stream, block.problem);
      return;
    }
    const { status } = headers;
    if (status < 200) {
      if (endStream) {
        this.messagingError(stream, "an interim response ends the stream");
        return;
      }
      if (++stream.interimCount > INTERIM_LIMIT) {
        stream.resetWith(ErrorCode.enhanceYourCalm, "protocol error", Http2Details.messaging);
        return;
      }
      stream.decoder.decode1xxHeaders(headers);
      return;
    }
    if (stream.upgrade !== "" && status < 300) toUpgradeResponse(headers, stream.upgrade, stream.websocketKey);
    const hasNoBody = stream.isHead || status === 204 || status === 304;
    if (endStream && !hasNoBody && block.contentLength > 0) {
      this.messagingError(stream, "content-length announces a body that does not come");
      return;
    }
    stream.remoteStarted = true;
    stream.remoteEnded = endStream;
    stream.remoteLeftBytes = hasNoBody ? 0 : block.contentLength;
    stream.decoder.decodeHeaders(headers, endStream);
    if (endStream) stream.onRemoteEnded();
  }
}
