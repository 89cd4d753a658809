import { TimerWheel } from "../../src/base/timer-wheel.ts";
import { CodecError, type RequestEncoder, type ResponseDecoder } from "../../src/http/codec.ts";
import { RequestHeaderMap, type ResponseHeaderMap, type TrailerMap } from "../../src/http/header-map.ts";
import { Http2ClientConnection } from "../../src/http/http2/client-connection.ts";
import { DEFAULT_HTTP2_CLIENT_OPTIONS, type Http2ProtocolData } from "../../src/http/http2/codec-options.ts";
import { http2CodecStats } from "../../src/http/http2/codec-stats.ts";
import { CLIENT_PREFACE } from "../../src/http/http2/frame.ts";
import { FakeClock } from "./fake-clock.ts";
import { codecRandom } from "./http2-server-peer.ts";
import { Http2Sink } from "./http2-sink.ts";

/** What the user of the codec saw of one response. */
export interface SeenHttp2Response {
  readonly encoder: RequestEncoder;
  readonly interim: number[];
  headers: ResponseHeaderMap | null;
  body: string;
  trailers: TrailerMap | null;
  ended: boolean;
  /** `reason` or `reason (details)`. */
  reset: string | null;
}

/** Request headers, by default of `GET /`. */
export function request(method = "GET", list: string[] = []): RequestHeaderMap {
  const headers = new RequestHeaderMap(list);
  headers.method = method;
  headers.path = "/";
  headers.authority = "a";
  headers.scheme = "http";
  return headers;
}

/** A client codec with a user that records everything, and a list for a socket. */
export class Http2ClientPeer {
  readonly sink = new Http2Sink();
  readonly clock = new FakeClock();
  readonly timers = new TimerWheel(this.clock, { drive: false });
  readonly connection: Http2ClientConnection;
  readonly stats: Record<string, number> = {};
  /** What `onStreamComplete` said: `reusable`, `last`, each with ` reset` if it was. */
  readonly completed: string[] = [];
  error: CodecError | null = null;
  goAways = 0;
  maxStreamsChanges = 0;
  unresponsive: string | null = null;

  constructor(protocol: Partial<Http2ProtocolData> = {}) {
    const count = (name: string) => ({
      inc: () => this.#count(name, 1),
      dec: () => this.#count(name, -1),
      add: (amount: number) => this.#count(name, amount),
    });
    this.connection = new Http2ClientConnection(
      { ...DEFAULT_HTTP2_CLIENT_OPTIONS, protocol: { ...DEFAULT_HTTP2_CLIENT_OPTIONS.protocol, ...protocol } },
      this.sink,
      {
        onStreamComplete: (reusable, wasReset) => {
          this.completed.push(`${reusable ? "reusable" : "last"}${wasReset ? " reset" : ""}`);
        },
        onGoAway: () => this.goAways++,
      },
      {
        timers: this.timers,
        random: codecRandom(),
        bufferLimitBytes: 1024 * 1024,
        unsentBytes: () => this.sink.unsentBytes,
        onMaxStreamsChanged: () => this.maxStreamsChanges++,
        onUnresponsive: (reason) => {
          this.unresponsive = reason;
        },
      },
      http2CodecStats({ counter: count, gauge: count }),
    );
  }

  /** The preface is not a frame: takes it off and answers the frames behind it. */
  start(): string[] {
    const bytes = this.sink.takeBytes();
    if (!bytes.subarray(0, CLIENT_PREFACE.length).equals(CLIENT_PREFACE)) throw new Error("there is no preface");
    this.sink.write(bytes.subarray(CLIENT_PREFACE.length));
    return this.sink.take();
  }

  /** Sends a request whose headers end it, unless `open`. */
  send(headers: RequestHeaderMap = request(), open = false): SeenHttp2Response {
    const decoder: ResponseDecoder = {
      decode1xxHeaders: ({ status }) => void seen.interim.push(status),
      decodeHeaders: (responseHeaders, endStream) => {
        seen.headers = responseHeaders;
        seen.ended = endStream;
      },
      decodeData: (data, endStream) => {
        seen.body += data.toString("latin1");
        seen.ended = endStream;
      },
      decodeTrailers: (trailers) => {
        seen.trailers = trailers;
        seen.ended = true;
      },
    };
    const encoder = this.connection.newStream(decoder);
    const seen: SeenHttp2Response = {
      encoder,
      interim: [],
      headers: null,
      body: "",
      trailers: null,
      ended: false,
      reset: null,
    };
    encoder.stream.setCallbacks({
      onResetStream: (reason, details) => {
        seen.reset = details === "" ? reason : `${reason} (${details})`;
      },
      onAboveWriteBufferHighWatermark: () => {},
      onBelowWriteBufferLowWatermark: () => {},
    });
    encoder.encodeHeaders(headers, !open);
    return seen;
  }

  /** Feeds bytes as one read; answers the frames that were written. A `CodecError` is kept in `error`. */
  feed(...parts: Buffer[]): string[] {
    if (this.error === null) {
      try {
        this.connection.dispatch(Buffer.concat(parts));
      } catch (error) {
        if (!(error instanceof CodecError)) throw error;
        this.error = error;
      }
    }
    return this.sink.take();
  }

  #count(name: string, by: number): void {
    this.stats[name] = (this.stats[name] ?? 0) + by;
  }
}
