import type { HeadLimits } from "./head-parser.ts";

/** What happens to a request header with `_` in its name: Envoy's `headers_with_underscores_action`. */
export type HeadersWithUnderscoresAction = "allow" | "rejectRequest" | "dropHeader";

/**
 * Settings of the downstream HTTP/1 codec, Envoy's `Http1ProtocolOptions` and what the connection manager adds.
 * One object is shared by all connections of a filter chain.
 */
export interface Http1ServerOptions {
  /** `max_request_headers_kb` in bytes. Differs from Envoy: counts the whole head, separators too. */
  readonly headLimits: HeadLimits;
  readonly headersWithUnderscoresAction: HeadersWithUnderscoresAction;
  /** Whether HTTP/1.0 requests are served; refused with 426 if not. */
  readonly acceptHttp10: boolean;
  /** The host of HTTP/1.0 requests that name none; `""` = they have none. */
  readonly defaultHostForHttp10: string;
  /** Whether an absolute-form target is taken apart. */
  readonly allowAbsoluteUrl: boolean;
  /** Whether trailers are handed on, in both directions. */
  readonly enableTrailers: boolean;
  /** Whether methods outside the registry are served. */
  readonly allowCustomMethods: boolean;
  /** Whether `Expect: 100-continue` is passed on. If not, the codec itself asks for the body. */
  readonly proxy100Continue: boolean;
}

/** Envoy's defaults. */
export const DEFAULT_HTTP1_SERVER_OPTIONS: Http1ServerOptions = {
  headLimits: { headBytes: 60 * 1024, fieldCount: 100 },
  headersWithUnderscoresAction: "allow",
  acceptHttp10: false,
  defaultHostForHttp10: "",
  allowAbsoluteUrl: true,
  enableTrailers: false,
  allowCustomMethods: false,
  proxy100Continue: false,
};

/** Settings of the upstream HTTP/1 codec. One object is shared by all connections of a cluster. */
export interface Http1ClientOptions {
  /** `max_response_headers_kb` in bytes, and `max_headers_count`. */
  readonly headLimits: HeadLimits;
  /** Whether trailers are handed on, in both directions. */
  readonly enableTrailers: boolean;
}

/** Envoy's defaults. */
export const DEFAULT_HTTP1_CLIENT_OPTIONS: Http1ClientOptions = {
  headLimits: { headBytes: 80 * 1024, fieldCount: 100 },
  enableTrailers: false,
};
