import { type Http1ClientOptions, nameOptions } from "../http/http1/codec-options.ts";
import type { KeyFormatData } from "../http/http1/key-format-data.ts";

/** How a cluster speaks HTTP/1. Plain data. */
export interface Http1SettingsData {
  /** `max_response_headers_kb` in bytes. Default 80 KiB. */
  readonly maxResponseHeadersBytes: number;
  /** `max_headers_count`. Default 100. */
  readonly maxResponseHeadersCount: number;
  /** Whether HTTP/1 trailers are handed on. */
  readonly enableTrailers: boolean;
  /** How HTTP/1 writes the names of request headers, or that it keeps those of responses; null = lower case. */
  readonly keyFormat: KeyFormatData | null;
  /** HTTP/1 only: whether the request line holds a whole URL. Default false. */
  readonly sendFullyQualifiedUrl: boolean;
}

/** What the codec of upstream connections gets: those of requests and those of checks. */
export function http1ClientOptions(data: Http1SettingsData): Http1ClientOptions {
  return {
    headLimits: { headBytes: data.maxResponseHeadersBytes, fieldCount: data.maxResponseHeadersCount },
    enableTrailers: data.enableTrailers,
    sendFullyQualifiedUrl: data.sendFullyQualifiedUrl,
    ...nameOptions(data.keyFormat),
  };
}
