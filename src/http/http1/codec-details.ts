import { CodecError } from "../codec.ts";

/** Envoy's response code details for what an HTTP/1 codec refuses. */
export const Http1Details = {
  bodyDisallowed: "http1.body_disallowed",
  codecError: "http1.codec_error",
  contentLengthAndChunked: "http1.content_length_and_chunked_not_allowed",
  contentLengthNotAllowed: "http1.content_length_not_allowed",
  headersTooLarge: "http1.headers_too_large",
  invalidAuthority: "http.invalid_authority",
  invalidCharacters: "http1.invalid_characters",
  invalidTransferEncoding: "http1.invalid_transfer_encoding",
  invalidUrl: "http1.invalid_url",
  lowVersion: "low_version",
  missingHost: "missing_host_header",
  tooManyHeaders: "http1.too_many_headers",
  transferEncodingNotAllowed: "http1.transfer_encoding_not_allowed",
  unexpectedUnderscore: "http1.unexpected_underscore",
} as const;

/** A refusal whose details say no more than that the bytes are not HTTP/1.1; answered with 400. */
export function malformed(message: string): CodecError {
  return new CodecError(message, Http1Details.codecError);
}
