import type { HeaderNameFormat } from "../header-name-format.ts";
import type { HeadLimits } from "./head-parser.ts";
import type { KeyFormatData, PreserveCaseData } from "./key-format-data.ts";
import { PROPER_CASE_WORDS } from "./proper-case.ts";

/** What happens to a request header with `_` in its name: Envoy's `headers_with_underscores_action`. */
export type HeadersWithUnderscoresAction = "allow" | "rejectRequest" | "dropHeader";

/** How the names of headers are written and read: what `header_key_format` comes to on a worker. */
export interface Http1NameOptions {
  /** For messages that bring no format with them; null = lower case. */
  readonly nameFormat: HeaderNameFormat | null;
  /** Messages that are read keep the case of their names, for whoever writes them; null = they do not. */
  readonly preserveCase: PreserveCaseData | null;
}

/** The two sides of `header_key_format`. */
export function nameOptions(format: KeyFormatData | null): Http1NameOptions {
  if (format === "properCase") return { nameFormat: PROPER_CASE_WORDS, preserveCase: null };
  return { nameFormat: null, preserveCase: format };
}

/** The settings that both ends have. */
export interface Http1CodecOptions extends Http1NameOptions {
  /** `max_request_headers_kb` or `max_response_headers_kb` in bytes, and `max_headers_count`. Differs from Envoy: counts the whole head, separators too. */
  readonly headLimits: HeadLimits;
  /** Whether trailers are handed on, in both directions. */
  readonly enableTrailers: boolean;
}

/**
 * Settings of the downstream HTTP/1 codec, Envoy's `Http1ProtocolOptions` and what the connection manager adds.
 * One object is shared by all connections of a filter chain.
 */
export interface Http1ServerOptions extends Http1CodecOptions {
  readonly headersWithUnderscoresAction: HeadersWithUnderscoresAction;
  /** Whether HTTP/1.0 requests are served; refused with 426 if not. */
  readonly acceptHttp10: boolean;
  /** The host of HTTP/1.0 requests that name none; `""` = they have none. */
  readonly defaultHostForHttp10: string;
  /** Whether an absolute-form target is taken apart. */
  readonly allowAbsoluteUrl: boolean;
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
  nameFormat: null,
  preserveCase: null,
};

/** Settings of the upstream HTTP/1 codec. One object is shared by all connections of a cluster. */
export interface Http1ClientOptions extends Http1CodecOptions {
  /** Whether the request line holds a whole URL instead of a path, as proxies want it. */
  readonly sendFullyQualifiedUrl: boolean;
}

/** Envoy's defaults. */
export const DEFAULT_HTTP1_CLIENT_OPTIONS: Http1ClientOptions = {
  headLimits: { headBytes: 80 * 1024, fieldCount: 100 },
  enableTrailers: false,
  sendFullyQualifiedUrl: false,
  nameFormat: null,
  preserveCase: null,
};
