import type { HeadersWithUnderscoresAction } from "../http1/codec-options.ts";

/** How an idle or silent connection is probed with PING. Times in milliseconds, 0 = off. */
export interface KeepaliveOptions {
  readonly intervalMs: number;
  /** How long the answer may take. */
  readonly timeoutMs: number;
  /** Percent of the interval that is added to it at random, at most. */
  readonly intervalJitterPercent: number;
  /** After so much silence, PING goes ahead of a new stream. */
  readonly connectionIdleIntervalMs: number;
}

/** A header block may have no more fields, and no more bytes of names and values. */
export interface HeaderLimits {
  readonly headBytes: number;
  readonly fieldCount: number;
}

/** Envoy's `Http2ProtocolOptions`, with its defaults filled in. Plain data. */
export interface Http2ProtocolData {
  /** Default 4,096; both for what we keep and what we let the peer keep. */
  readonly hpackTableBytes: number;
  /** Default 1,024. Downstream: of the peer; upstream: ours, if the peer allows as many. */
  readonly maxConcurrentStreams: number;
  /** Default 16 MiB. */
  readonly initialStreamWindowBytes: number;
  /** Default 24 MiB. */
  readonly initialConnectionWindowBytes: number;
  /** Whether extended CONNECT is offered. */
  readonly allowConnect: boolean;
  /** Default 10,000: frames that wait to be written. */
  readonly maxOutboundFrames: number;
  /** Default 1,000: of them PING, SETTINGS and RST_STREAM. */
  readonly maxOutboundControlFrames: number;
  /** Default 1. */
  readonly maxConsecutiveInboundFramesWithEmptyPayload: number;
  /** Default 100. */
  readonly maxInboundPriorityFramesPerStream: number;
  /** Default 10. */
  readonly maxInboundWindowUpdateFramesPerDataFrameSent: number;
  /** Default false: an invalid message ends the connection; otherwise its stream only. */
  readonly streamErrorOnInvalidHttpMessage: boolean;
  readonly keepalive: KeepaliveOptions | null;
}

/** Envoy's defaults. */
export const DEFAULT_HTTP2_PROTOCOL: Http2ProtocolData = {
  hpackTableBytes: 4096,
  maxConcurrentStreams: 1024,
  initialStreamWindowBytes: 16 * 1024 * 1024,
  initialConnectionWindowBytes: 24 * 1024 * 1024,
  allowConnect: false,
  maxOutboundFrames: 10_000,
  maxOutboundControlFrames: 1000,
  maxConsecutiveInboundFramesWithEmptyPayload: 1,
  maxInboundPriorityFramesPerStream: 100,
  maxInboundWindowUpdateFramesPerDataFrameSent: 10,
  streamErrorOnInvalidHttpMessage: false,
  keepalive: null,
};

/** Settings that both ends of a codec have. */
export interface Http2CodecOptions {
  readonly protocol: Http2ProtocolData;
  /** `max_request_headers_kb` or the same of responses, in bytes, and `max_headers_count`. */
  readonly headerLimits: HeaderLimits;
}

/** Settings of the downstream HTTP/2 codec. One object is shared by all connections of a filter chain. */
export interface Http2ServerOptions extends Http2CodecOptions {
  readonly headersWithUnderscoresAction: HeadersWithUnderscoresAction;
  /** Whether `Expect: 100-continue` is passed on. If not, the codec itself asks for the body. */
  readonly proxy100Continue: boolean;
  /** How long the end of a response may wait for the peer's windows without any progress. 0 = for ever. */
  readonly flushTimeoutMs: number;
}

/** Settings of the upstream HTTP/2 codec. One object is shared by all connections of a cluster. */
export type Http2ClientOptions = Http2CodecOptions;

/** Envoy's defaults. */
export const DEFAULT_HTTP2_SERVER_OPTIONS: Http2ServerOptions = {
  protocol: DEFAULT_HTTP2_PROTOCOL,
  headerLimits: { headBytes: 60 * 1024, fieldCount: 100 },
  headersWithUnderscoresAction: "allow",
  proxy100Continue: false,
  flushTimeoutMs: 300_000,
};

/** Envoy's defaults. */
export const DEFAULT_HTTP2_CLIENT_OPTIONS: Http2ClientOptions = {
  protocol: DEFAULT_HTTP2_PROTOCOL,
  headerLimits: { headBytes: 80 * 1024, fieldCount: 100 },
};
