import {
  type ClientConnection,
  CodecError,
  type Protocol,
  type RequestEncoder,
  type ResponseDecoder,
} from "../../http/codec.ts";
import type { ConnectionCloseEvent } from "../../net/connection-callbacks.ts";
import type { OpenedConnection, OpenedConnectionOwner } from "./opened-connection.ts";
import { PoolClient } from "./pool-client.ts";
import type { ClientCodecHost } from "./pool-environment.ts";

/** `busy` carries a stream; `ready` waits for one in the pool's list. */
export type Http1ClientState = "connecting" | "ready" | "busy" | "closed";

/** What a client tells its pool. */
export interface Http1ClientOwner {
  /** Connected, or done with a stream, and fit for another one. */
  onClientUsable(client: Http1Client): void;
  /** The stream is over, however it ended. Comes before `onClientUsable` or `onClientClosed`. */
  onStreamEnded(client: Http1Client): void;
  /** About to end, its accounting done: it must not be offered to anyone any more. `before` is the state it was in. */
  onClientLeaving(client: Http1Client, before: Http1ClientState): void;
  /** Gone for good, and its stream with it. */
  onClientClosed(client: Http1Client, before: Http1ClientState): void;
}

/** One HTTP/1 connection of a pool. One stream at a time. */
export class Http1Client extends PoolClient<Http1ClientState> implements OpenedConnectionOwner, ClientCodecHost {
  /** @internal Links of `ReadyClients`. */
  newer: Http1Client | null = null;
  /** @internal */
  older: Http1Client | null = null;

  private readonly owner: Http1ClientOwner;
  private readonly codec: ClientConnection;
  private encoder: RequestEncoder | null = null;
  /** No stream may follow the present one. */
  private closing = false;
  private streamEnded = false;
  /** The last stream was cut short: if the connection ends now, it ends with a request on it. */
  private streamWasReset = false;

  /** `opened` is connecting or connected, and not started yet; if it is connected, `onConnected` is to be called. */
  constructor(opened: OpenedConnection, owner: Http1ClientOwner) {
    super(opened);
    this.owner = owner;
    this.stats.cx.http1Total.inc();
    this.codec = opened.environment.createCodec(this.connection, this, opened.info);
    opened.start(this);
  }

  get protocol(): Protocol {
    return this.codec.protocol;
  }

  /** Starts a stream; the client must be ready, and out of the list of ready ones. */
  newStream(decoder: ResponseDecoder): RequestEncoder {
    this.state = "busy";
    if (this.noteRequest()) this.closing = true;
    const encoder = this.codec.newStream(decoder);
    this.encoder = encoder;
    return encoder;
  }

  drain(): void {
    if (this.state === "ready") this.close();
    else this.closing = this.closing || this.state === "busy";
  }

  onConnected(): void {
    if (this.state !== "connecting") return;
    if (this.noteConnected("http1")) this.owner.onClientUsable(this);
  }

  onData(data: Buffer): void {
    const hadStream = this.encoder !== null;
    this.dispatching = true;
    try {
      this.codec.dispatch(data);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#onProtocolError(data, hadStream);
      return;
    } finally {
      this.dispatching = false;
    }
    if (this.streamEnded) this.#afterStream();
  }

  onEndOfStream(): void {
    if (this.state === "closed") return;
    this.dispatching = true;
    try {
      this.codec.onRemoteClose();
    } finally {
      this.dispatching = false;
    }
    this.end("remoteClose");
  }

  onAboveWriteBufferHighWatermark(): void {
    this.codec.onUnderlyingConnectionAboveWriteBufferHighWatermark();
  }

  onBelowWriteBufferLowWatermark(): void {
    this.codec.onUnderlyingConnectionBelowWriteBufferLowWatermark();
  }

  onStreamComplete(reusable: boolean, wasReset: boolean): void {
    if (this.encoder === null) return;
    this.encoder = null;
    if (wasReset) this.streamWasReset = true;
    else this.reused = true;
    this.owner.onStreamEnded(this);
    // While bytes are still being decoded no new stream may start: what is left of them would become its response.
    this.streamEnded = true;
    if (!reusable) {
      this.closing = true;
      if (!wasReset) this.stats.cx.closeNotify.inc();
    }
    if (!this.dispatching) this.#afterStream();
  }

  /** HTTP/2 only. */
  onGoAway(): void {}

  /** For the codec. */
  readDisable(disable: boolean): void {
    this.connection.readDisable(disable);
  }

  /** For the codec. */
  closeWrite(): void {
    this.connection.closeWrite();
  }

  /** What follows a stream, when nothing of it is on the stack any more. */
  #afterStream(): void {
    this.streamEnded = false;
    if (this.state === "closed") return;
    if (this.closing || !this.connection.isOpen) {
      this.end("localClose");
      return;
    }
    this.streamWasReset = false;
    this.owner.onClientUsable(this);
  }

  #onProtocolError(data: Buffer, hadStream: boolean): void {
    // A server that closes an idle connection may say 408 first; that is no fault.
    if (hadStream || !isRequestTimeout(data)) this.stats.cx.protocolError.inc();
    this.end("localClose");
  }

  protected end(event: ConnectionCloseEvent): void {
    if (this.state === "closed") return;
    const before = this.noteEnd(event, this.encoder !== null || this.streamWasReset);
    this.owner.onClientLeaving(this, before);
    this.connection.close("noFlush");
    this.encoder?.stream.reset("connection termination");
    this.owner.onClientClosed(this, before);
  }
}

function isRequestTimeout(data: Buffer): boolean {
  return /^HTTP\/1\.[01] 408/.test(data.toString("latin1", 0, 12));
}
