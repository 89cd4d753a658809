import { CodecError, type RequestDecoder, type ResponseEncoder, type StreamResetReason } from "../../src/http/codec.ts";
import { type RequestHeaderMap, ResponseHeaderMap, type TrailerMap } from "../../src/http/header-map.ts";
import { DEFAULT_HTTP1_SERVER_OPTIONS, type Http1ServerOptions } from "../../src/http/http1/codec-options.ts";
import type { Http1CodecStats } from "../../src/http/http1/codec-stats.ts";
import { Http1ServerConnection } from "../../src/http/http1/server-connection.ts";
import { RecordingSink } from "./recording-sink.ts";

/** What one request looked like to the user of the codec. */
export interface SeenRequest {
  readonly headers: RequestHeaderMap;
  readonly encoder: ResponseEncoder;
  readonly version: string;
  body: string;
  trailers: TrailerMap | null;
  /** Whether the request has ended, and how many times it was told to. */
  ends: number;
  reset: StreamResetReason | null;
  above: number;
  below: number;
}

/** Answers a request as soon as it is complete; the default says 200 with the number of the request. */
export type Answer = (request: SeenRequest, number: number) => void;

/** Leaves every request unanswered. */
export const noAnswer: Answer = () => {};

/** 200 with the request's number as body. */
export const numbered: Answer = (request, number) => {
  const body = Buffer.from(String(number));
  request.encoder.encodeHeaders(new ResponseHeaderMap(200, ["content-length", String(body.length)]), false);
  request.encoder.encodeData(body, true);
};

/** A server codec with a user that records everything, and a list for a socket. */
export class Http1ServerPeer {
  readonly sink = new RecordingSink();
  readonly requests: SeenRequest[] = [];
  readonly counters = { dropped: 0, rejected: 0 };
  readonly connection: Http1ServerConnection;
  /** How many times reading is paused now. */
  pauses = 0;
  error: CodecError | null = null;
  #answer: Answer;
  #scheduled = false;

  constructor(options: Partial<Http1ServerOptions> = {}, answer: Answer = numbered) {
    this.#answer = answer;
    const stats: Http1CodecStats = {
      droppedHeadersWithUnderscores: { inc: () => this.counters.dropped++ },
      requestsRejectedWithUnderscoresInHeaders: { inc: () => this.counters.rejected++ },
    };
    this.connection = new Http1ServerConnection(
      { ...DEFAULT_HTTP1_SERVER_OPTIONS, ...options },
      this.sink,
      { newStream: (encoder) => this.#newStream(encoder), onGoAway: () => {} },
      {
        readDisable: (disable) => {
          this.pauses += disable ? 1 : -1;
        },
        scheduleDispatch: () => {
          this.#scheduled = true;
        },
      },
      stats,
    );
  }

  /** Feeds bytes; a `CodecError` is kept in `error`. */
  feed(bytes: string | Buffer): void {
    if (this.error !== null) return;
    try {
      this.connection.dispatch(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
      this.settle();
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.error = error;
    }
  }

  /** Does what the codec asked to be done later. */
  settle(): void {
    while (this.#scheduled) {
      this.#scheduled = false;
      this.connection.dispatch(Buffer.alloc(0));
    }
  }

  /** The only request. */
  get request(): SeenRequest {
    const request = this.requests[0];
    if (request === undefined || this.requests.length > 1)
      throw new Error(`there are ${this.requests.length} requests`);
    return request;
  }

  #newStream(encoder: ResponseEncoder): RequestDecoder {
    let request: SeenRequest | undefined;
    const end = (seen: SeenRequest): void => {
      seen.ends++;
      this.#answer(seen, this.requests.length);
    };
    return {
      decodeHeaders: (headers, endStream) => {
        const seen: SeenRequest = {
          headers,
          encoder,
          version: this.connection.protocol,
          body: "",
          trailers: null,
          ends: 0,
          reset: null,
          above: 0,
          below: 0,
        };
        request = seen;
        this.requests.push(seen);
        encoder.stream.setCallbacks({
          onResetStream: (reason) => {
            seen.reset = reason;
          },
          onAboveWriteBufferHighWatermark: () => seen.above++,
          onBelowWriteBufferLowWatermark: () => seen.below++,
        });
        if (endStream) end(seen);
      },
      decodeData: (data, endStream) => {
        request!.body += data.toString("latin1");
        if (endStream) end(request!);
      },
      decodeTrailers: (trailers) => {
        request!.trailers = trailers;
        end(request!);
      },
    };
  }
}
