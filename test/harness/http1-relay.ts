import { CodecError, type RequestDecoder, type ResponseEncoder } from "../../src/http/codec.ts";
import { Http1ClientConnection } from "../../src/http/http1/client-connection.ts";
import {
  DEFAULT_HTTP1_CLIENT_OPTIONS,
  DEFAULT_HTTP1_SERVER_OPTIONS,
  type Http1ServerOptions,
} from "../../src/http/http1/codec-options.ts";
import { NO_HTTP1_CODEC_STATS } from "../../src/http/http1/codec-stats.ts";
import { Http1ServerConnection } from "../../src/http/http1/server-connection.ts";
import { RecordingSink } from "./recording-sink.ts";

const OK = Buffer.from("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
const ignored = {
  onResetStream: () => {},
  onAboveWriteBufferHighWatermark: () => {},
  onBelowWriteBufferLowWatermark: () => {},
};

/**
 * A server codec and client codecs joined directly, as the shortest proxy there can be. Shows what an upstream receives
 * for what a client sends. The upstream answers each complete request with 200.
 */
export class Http1Relay {
  readonly downstream = new RecordingSink();
  /** What each upstream connection received. A new one is opened when the last can't be used again. */
  readonly upstreams: RecordingSink[] = [];
  error: CodecError | null = null;
  readonly #connection: Http1ServerConnection;
  #upstream: Http1ClientConnection | null = null;
  #scheduled = false;

  constructor(options: Partial<Http1ServerOptions> = {}) {
    this.#connection = new Http1ServerConnection(
      { ...DEFAULT_HTTP1_SERVER_OPTIONS, ...options },
      this.downstream,
      { newStream: (encoder) => this.#newStream(encoder), onGoAway: () => {} },
      {
        readDisable: () => {},
        scheduleDispatch: () => {
          this.#scheduled = true;
        },
      },
      NO_HTTP1_CODEC_STATS,
    );
  }

  /** Feeds latin1 bytes from the client; a `CodecError` is kept in `error`. */
  feed(bytes: string): void {
    try {
      this.#connection.dispatch(Buffer.from(bytes, "latin1"));
      while (this.#scheduled) {
        this.#scheduled = false;
        this.#connection.dispatch(Buffer.alloc(0));
      }
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.error = error;
    }
  }

  #connect(): Http1ClientConnection {
    const sink = new RecordingSink();
    this.upstreams.push(sink);
    const callbacks = {
      onStreamComplete: (reusable: boolean) => {
        if (!reusable) this.#upstream = null;
      },
      onGoAway: () => {},
    };
    return new Http1ClientConnection(DEFAULT_HTTP1_CLIENT_OPTIONS, sink, callbacks, {
      readDisable: () => {},
      closeWrite: () => {},
    });
  }

  #newStream(downstream: ResponseEncoder): RequestDecoder {
    const upstream = this.#upstream ?? this.#connect();
    this.#upstream = upstream;
    const request = upstream.newStream({
      decode1xxHeaders: (headers) => downstream.encode1xxHeaders(headers),
      decodeHeaders: (headers, endStream) => downstream.encodeHeaders(headers, endStream),
      decodeData: (data, endStream) => downstream.encodeData(data, endStream),
      decodeTrailers: (trailers) => downstream.encodeTrailers(trailers),
    });
    request.stream.setCallbacks(ignored);
    const answer = (endStream: boolean): void => {
      if (endStream) upstream.dispatch(OK);
    };
    return {
      decodeHeaders: (headers, endStream) => {
        request.encodeHeaders(headers, endStream);
        answer(endStream);
      },
      decodeData: (data, endStream) => {
        request.encodeData(data, endStream);
        answer(endStream);
      },
      decodeTrailers: (trailers) => {
        request.encodeTrailers(trailers);
        answer(true);
      },
    };
  }
}
