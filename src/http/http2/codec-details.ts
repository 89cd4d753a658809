import { CodecError } from "../codec.ts";
import { ErrorCode } from "./frame.ts";

/** Envoy's response code details for what an HTTP/2 codec refuses. */
export const Http2Details = {
  messaging: "http2.violation.of.messaging.rule",
  invalidHeader: "http2.invalid.header.field",
  tooManyHeaders: "http2.too_many_headers",
  unexpectedUnderscore: "http2.unexpected_underscore",
  outboundFlood: "http2.outbound_frames_flood",
  emptyFramesFlood: "http2.inbound_empty_frames_flood",
  remoteReset: "http2.remote_reset",
  remoteRefused: "http2.remote_refuse",
  unknown: "http2.unknown.nghttp2.error",
} as const;

/** What ends a whole connection. By the time its user gets it, GOAWAY with `code` has been written. */
export class Http2Error extends CodecError {
  readonly code: ErrorCode;
  /** The peer broke no rule of the protocol but a limit on how much of something it may send. */
  readonly isFlood: boolean;

  constructor(code: ErrorCode, message: string, details: string = Http2Details.unknown, isFlood = false) {
    super(message, details);
    this.code = code;
    this.isFlood = isFlood;
  }
}

/** A rule of framing or of stream states was broken. */
export function protocolError(message: string): Http2Error {
  return new Http2Error(ErrorCode.protocolError, message);
}

/** Too much of something; ENHANCE_YOUR_CALM. */
export function flood(message: string, details: string = Http2Details.outboundFlood): Http2Error {
  return new Http2Error(ErrorCode.enhanceYourCalm, message, details, true);
}

/** A frame has not the length that its type has. */
export function frameSizeError(what: string): Http2Error {
  return new Http2Error(ErrorCode.frameSizeError, `${what} has a wrong length`);
}

/** Throws `frameSizeError` unless the lengths are equal. */
export function checkLength(what: string, length: number, expected: number): void {
  if (length !== expected) throw frameSizeError(what);
}
