import type { RequestEncoder, ResponseDecoder } from "../../src/http/codec.ts";
import { RequestHeaderMap, type ResponseHeaderMap, type TrailerMap } from "../../src/http/header-map.ts";
import { Http2ClientConnection } from "../../src/http/http2/client-connection.ts";
import { DEFAULT_HTTP2_CLIENT_OPTIONS, type Http2ProtocolData } from "../../src/http/http2/codec-options.ts";
import { CLIENT_PREFACE } from "../../src/http/http2/frame.ts";
import { Http2Peer } from "./http2-peer.ts";
import { codecRandom } from "./http2-server-peer.ts";

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
export class Http2ClientPeer extends Http2Peer {
  readonly connection: Http2ClientConnection;
  /** What `onStreamComplete` said: `reusable`, `last`, each with ` reset` if it was. */
  readonly completed: string[] = [];
  maxStreamsChanges = 0;

  constructor(protocol: Partial<Http2ProtocolData> = {}) {
    super();
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
      this.codecStats(),
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
}
