import { CodecError, type RequestEncoder, type ResponseDecoder, type StreamResetReason } from "../../src/http/codec.ts";
import { RequestHeaderMap, type ResponseHeaderMap, type TrailerMap } from "../../src/http/header-map.ts";
import { Http1ClientConnection } from "../../src/http/http1/client-connection.ts";
import { DEFAULT_HTTP1_CLIENT_OPTIONS, type Http1ClientOptions } from "../../src/http/http1/codec-options.ts";
import { RecordingSink } from "./recording-sink.ts";

/** What one response looked like to the user of the codec. */
export interface SeenResponse {
  readonly encoder: RequestEncoder;
  interim: ResponseHeaderMap[];
  headers: ResponseHeaderMap | null;
  body: string;
  trailers: TrailerMap | null;
  ends: number;
  reset: StreamResetReason | null;
  resetDetails: string;
  above: number;
  below: number;
}

/** A client codec with a user that records everything, and a list for a socket. */
export class Http1ClientPeer {
  readonly sink = new RecordingSink();
  /** One entry for each stream that completed: whether the connection may be used again. */
  readonly completions: boolean[] = [];
  readonly connection: Http1ClientConnection;
  pauses = 0;
  error: CodecError | null = null;
  /** The codec has sent FIN. */
  writeClosed = false;

  constructor(options: Partial<Http1ClientOptions> = {}) {
    this.connection = new Http1ClientConnection(
      { ...DEFAULT_HTTP1_CLIENT_OPTIONS, ...options },
      this.sink,
      { onStreamComplete: (reusable) => this.completions.push(reusable), onGoAway: () => {} },
      {
        readDisable: (disable) => {
          this.pauses += disable ? 1 : -1;
        },
        closeWrite: () => {
          this.writeClosed = true;
        },
      },
    );
  }

  /** Sends a request of this method for `/` to host `up`; without a body unless told. */
  send(method = "GET", list: string[] = [], endStream = true): SeenResponse {
    const seen = this.open();
    seen.encoder.encodeHeaders(requestHeaders(method, list), endStream);
    return seen;
  }

  /** Begins a stream without writing anything. */
  open(): SeenResponse {
    let seen: SeenResponse | undefined;
    const decoder: ResponseDecoder = {
      decode1xxHeaders: (headers) => seen!.interim.push(headers),
      decodeHeaders: (headers, endStream) => {
        seen!.headers = headers;
        if (endStream) seen!.ends++;
      },
      decodeData: (data, endStream) => {
        seen!.body += data.toString("latin1");
        if (endStream) seen!.ends++;
      },
      decodeTrailers: (trailers) => {
        seen!.trailers = trailers;
        seen!.ends++;
      },
    };
    const encoder = this.connection.newStream(decoder);
    const response: SeenResponse = {
      encoder,
      interim: [],
      headers: null,
      body: "",
      trailers: null,
      ends: 0,
      reset: null,
      resetDetails: "",
      above: 0,
      below: 0,
    };
    seen = response;
    encoder.stream.setCallbacks({
      onResetStream: (reason, details) => {
        response.reset = reason;
        response.resetDetails = details;
      },
      onAboveWriteBufferHighWatermark: () => response.above++,
      onBelowWriteBufferLowWatermark: () => response.below++,
    });
    return response;
  }

  /** Feeds bytes; a `CodecError` is kept in `error`. */
  feed(bytes: string | Buffer): void {
    if (this.error !== null) return;
    try {
      this.connection.dispatch(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.error = error;
    }
  }
}

/** Headers of a request for `/` to host `up`. */
export function requestHeaders(method = "GET", list: string[] = []): RequestHeaderMap {
  const headers = new RequestHeaderMap(list);
  headers.method = method;
  headers.path = "/";
  headers.authority = "up";
  return headers;
}
