import type { RequestDecoder, ResponseEncoder, StreamResetReason } from "../../src/http/codec.ts";
import { type RequestHeaderMap, ResponseHeaderMap, type TrailerMap } from "../../src/http/header-map.ts";
import {
  DEFAULT_HTTP2_SERVER_OPTIONS,
  type Http2ProtocolData,
  type Http2ServerOptions,
} from "../../src/http/http2/codec-options.ts";
import { Http2ServerConnection } from "../../src/http/http2/server-connection.ts";
import { Http2Peer } from "./http2-peer.ts";
import { CLIENT_START } from "./http2-wire.ts";
import { SeededRandom } from "./seeded-random.ts";

/** What one request looked like to the user of the codec. */
export interface SeenHttp2Request {
  readonly headers: RequestHeaderMap;
  readonly encoder: ResponseEncoder;
  body: string;
  bodyBytes: number;
  trailers: TrailerMap | null;
  ended: boolean;
  /** `reason` or `reason (details)`. */
  reset: string | null;
  above: number;
  below: number;
}

/** Answers a request when it is complete. */
export type Http2Answer = (request: SeenHttp2Request) => void;

/** 200 and three bytes. */
export const abc: Http2Answer = ({ encoder }) => {
  encoder.encodeHeaders(new ResponseHeaderMap(200), false);
  encoder.encodeData(Buffer.from("abc"), true);
};
/** Leaves every request unanswered. */
export const silence: Http2Answer = () => {};

/** What differs from the defaults. */
export interface Http2ServerPeerOptions extends Partial<Omit<Http2ServerOptions, "protocol">> {
  readonly protocol?: Partial<Http2ProtocolData>;
  /** Default 1 MiB. */
  readonly bufferLimitBytes?: number;
}

/** Random numbers for a codec under test. */
export function codecRandom(): { uint32(): number; fraction(): number; uuid(): string } {
  const random = new SeededRandom(1);
  return { uint32: () => random.below(2 ** 32), fraction: () => random.below(1000) / 1000, uuid: () => "" };
}

/** A server codec with a user that records everything, and a list for a socket. */
export class Http2ServerPeer extends Http2Peer {
  readonly requests: SeenHttp2Request[] = [];
  readonly connection: Http2ServerConnection;
  refused = 0;
  streamsGone = 0;
  readonly #answer: Http2Answer;

  constructor(options: Http2ServerPeerOptions = {}, answer: Http2Answer = abc) {
    super();
    this.#answer = answer;
    this.connection = new Http2ServerConnection(
      {
        ...DEFAULT_HTTP2_SERVER_OPTIONS,
        ...options,
        protocol: { ...DEFAULT_HTTP2_SERVER_OPTIONS.protocol, ...options.protocol },
      },
      this.sink,
      { newStream: (encoder) => this.#newStream(encoder), onGoAway: () => this.goAways++ },
      {
        timers: this.timers,
        random: codecRandom(),
        bufferLimitBytes: options.bufferLimitBytes ?? 1024 * 1024,
        unsentBytes: () => this.sink.unsentBytes,
        onStreamsGone: () => this.streamsGone++,
        onStreamRefused: () => this.refused++,
        onUnresponsive: (reason) => {
          this.unresponsive = reason;
        },
      },
      this.codecStats(),
    );
  }

  /** As the constructor, past the greetings of both sides. */
  static started(options: Http2ServerPeerOptions = {}, answer: Http2Answer = abc): Http2ServerPeer {
    const peer = new Http2ServerPeer(options, answer);
    peer.feed(CLIENT_START);
    return peer;
  }

  /** The stats that are not 0. */
  get counted(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.stats).filter(([, value]) => value !== 0));
  }

  get request(): SeenHttp2Request {
    const request = this.requests[0];
    if (request === undefined || this.requests.length > 1) throw new Error(`${this.requests.length} requests`);
    return request;
  }

  #newStream(encoder: ResponseEncoder): RequestDecoder {
    let seen!: SeenHttp2Request;
    const end = (): void => {
      seen.ended = true;
      this.#answer(seen);
    };
    return {
      decodeHeaders: (headers, endStream) => {
        seen = {
          headers,
          encoder,
          body: "",
          bodyBytes: 0,
          trailers: null,
          ended: false,
          reset: null,
          above: 0,
          below: 0,
        };
        this.requests.push(seen);
        encoder.stream.setCallbacks({
          onResetStream: (reason: StreamResetReason, details) => {
            seen.reset = details === "" ? reason : `${reason} (${details})`;
          },
          onAboveWriteBufferHighWatermark: () => seen.above++,
          onBelowWriteBufferLowWatermark: () => seen.below++,
        });
        if (endStream) end();
      },
      decodeData: (data, endStream) => {
        seen.bodyBytes += data.length;
        if (seen.bodyBytes <= 4096) seen.body += data.toString("latin1");
        if (endStream) end();
      },
      decodeTrailers: (trailers) => {
        seen.trailers = trailers;
        end();
      },
    };
  }
}
