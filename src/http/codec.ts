import type { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "./header-map.ts";

/**
 * The contract between a codec (bytes ↔ streams) and its user, the same for HTTP/1 and HTTP/2, after Envoy's
 * `envoy/http/codec.h`. Everything runs on one worker and is synchronous. *Decoding* goes away from the wire,
 * *encoding* towards it. `endStream` on a call says that nothing follows it in that direction.
 */

/** Protocols as access logs name them. */
export const Protocol = { http10: "HTTP/1.0", http11: "HTTP/1.1", http2: "HTTP/2" } as const;
export type Protocol = (typeof Protocol)[keyof typeof Protocol];

/** Why a stream ended before both directions were complete; Envoy's words, as they appear in response code details. */
export type StreamResetReason =
  | "local reset"
  | "local refused stream reset"
  | "remote reset"
  | "remote refused stream reset"
  | "local connection failure"
  | "remote connection failure"
  | "connection timeout"
  | "connection termination"
  | "overflow"
  | "protocol error"
  | "remote error with CONNECT request"
  | "http/1 premature upstream half close";

/** Where a codec puts its bytes. Implemented by the network connection; a test may use a list. */
export interface ByteSink {
  /** Queues bytes; the connection writes all that one event brought in one system call. The buffer is the sink's now. */
  write(bytes: Buffer): void;
  /** Queues text whose char codes are the bytes (0–255). Cheaper than a buffer for heads. */
  writeLatin1(text: string): void;
}

/** Calls about one stream that are no part of its message. */
export interface StreamCallbacks {
  /** The stream is gone; nothing may be called on it afterwards. `details` are response code details, `""` if none. */
  onResetStream(reason: StreamResetReason, details: string): void;
  /** More bytes wait to be written than the buffer limit: stop producing. Calls nest with the one below. */
  onAboveWriteBufferHighWatermark(): void;
  onBelowWriteBufferLowWatermark(): void;
}

/** What a stream has cost on the wire so far, with the framing of its protocol. */
export interface StreamBytes {
  readonly wireBytesSent: number;
  readonly wireBytesReceived: number;
  /** Of those: heads, and in HTTP/2 trailers, as they were sent, so compressed. */
  readonly headerBytesSent: number;
  readonly headerBytesReceived: number;
}

/** One request and its response, below both. */
export interface Stream extends StreamBytes {
  /** Only one user at a time; a second call replaces the first. */
  setCallbacks(callbacks: StreamCallbacks): void;
  /** Ends the stream at once. On HTTP/1 this costs the connection. Calls `onResetStream` back on the callbacks. */
  reset(reason: StreamResetReason): void;
  /** Counted: `true` stops reading this stream from the wire, as many `false` start it again. */
  readDisable(disable: boolean): void;
  /** Id unique on its connection; HTTP/1 counts requests. */
  readonly id: number;
}

/** Takes a decoded request. Implemented by the connection manager's stream. */
export interface RequestDecoder {
  decodeHeaders(headers: RequestHeaderMap, endStream: boolean): void;
  decodeData(data: Buffer, endStream: boolean): void;
  /** Always ends the stream. */
  decodeTrailers(trailers: TrailerMap): void;
}

/** Writes a response. Implemented by the server codec. */
export interface ResponseEncoder {
  readonly stream: Stream;
  /** 100–199 except 101. May be called several times, before `encodeHeaders`. */
  encode1xxHeaders(headers: ResponseHeaderMap): void;
  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void;
  /** `data` belongs to the codec from now on. */
  encodeData(data: Buffer, endStream: boolean): void;
  encodeTrailers(trailers: TrailerMap): void;
}

/** Takes a decoded response. Implemented by the router's upstream request. */
export interface ResponseDecoder {
  decode1xxHeaders(headers: ResponseHeaderMap): void;
  decodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void;
  decodeData(data: Buffer, endStream: boolean): void;
  decodeTrailers(trailers: TrailerMap): void;
}

/** Writes a request. Implemented by the client codec. */
export interface RequestEncoder {
  readonly stream: Stream;
  encodeHeaders(headers: RequestHeaderMap, endStream: boolean): void;
  encodeData(data: Buffer, endStream: boolean): void;
  encodeTrailers(trailers: TrailerMap): void;
}

/** Details of the reset of a stream whose response had begun to come in, but no whole head of it. */
export const RESPONSE_HEAD_CUT_SHORT = "response_head_cut_short";

/**
 * Bytes that break the protocol. `details` are response code details (`http1.codec_error`, …); `status` is what a
 * server answers before it closes (400 unless said), if it still can.
 */
export class CodecError extends Error {
  override readonly name = "CodecError";
  readonly details: string;
  readonly status: number;

  constructor(message: string, details: string, status = 400) {
    super(message);
    this.details = details;
    this.status = status;
  }
}

/** What a server codec asks of its user. */
export interface ServerConnectionCallbacks {
  /** A request begins. The encoder is good until the stream is complete in both directions or reset. */
  newStream(encoder: ResponseEncoder): RequestDecoder;
  /** The peer sent GOAWAY (HTTP/2 only). */
  onGoAway(): void;
}

/** The downstream end of a connection. */
export interface ServerConnection {
  readonly protocol: Protocol;
  /**
   * Decodes bytes just read; calls back from inside. Keeps what it can't use yet (at most one head or the bytes behind
   * an unfinished request) and asks the connection to stop reading meanwhile.
   * Throws `CodecError` if the bytes break the protocol: the user answers and closes; the codec is dead then.
   */
  dispatch(data: Buffer): void;
  /** The peer will send nothing more. Resets an unfinished request ("connection termination"). */
  onRemoteClose(): void;
  /** Says `Connection: close` with the response now due or the next one (HTTP/1), or sends GOAWAY (HTTP/2). */
  shutdownNotice(): void;
  goAway(): void;
  /** The connection's write buffer crossed its high or low mark; passed on to the streams. */
  onUnderlyingConnectionAboveWriteBufferHighWatermark(): void;
  onUnderlyingConnectionBelowWriteBufferLowWatermark(): void;
  /** Whether the peer still waits for something from us. */
  wantsToWrite(): boolean;
  /** Whether some, but not all bytes of a head are here; for the request-headers timeout. */
  readonly isReadingHead: boolean;
  /**
   * Whether the user must close the connection now, after what was written has gone out: the last response is complete
   * and no further request will be decoded. To be looked at after each call that may complete or reset a stream.
   */
  readonly shouldClose: boolean;
}

/** What a client codec asks of its user, the connection pool. */
export interface ClientConnectionCallbacks {
  /**
   * A stream is over: complete in both directions, or reset (`wasReset`). Called once for each, after its own callbacks.
   * `reusable` is false if the connection must be closed, as soon as no stream is on it any more.
   */
  onStreamComplete(reusable: boolean, wasReset: boolean): void;
  /** No further stream may be opened; those that the peer has not looked at have been reset ("remote refused stream reset"). */
  onGoAway(): void;
}

/** The upstream end of a connection. */
export interface ClientConnection {
  readonly protocol: Protocol;
  /** How many streams may be open at a time; 1 on HTTP/1. */
  readonly maxStreams: number;
  /** Begins a request. With `maxStreams` open, calling again before one is complete is an invariant error on HTTP/1. */
  newStream(decoder: ResponseDecoder): RequestEncoder;
  /** As `ServerConnection.dispatch`. Bytes without a request waiting are a `CodecError`. */
  dispatch(data: Buffer): void;
  /** The peer closed: completes a close-delimited response, resets any other ("connection termination"). */
  onRemoteClose(): void;
  onUnderlyingConnectionAboveWriteBufferHighWatermark(): void;
  onUnderlyingConnectionBelowWriteBufferLowWatermark(): void;
}
