import type { CodecError } from "../codec.ts";
import { statusLine } from "./status-line.ts";

/**
 * The shortest answer to bytes that are no request: status, no body, `connection: close`. For a user that has no stream to
 * send a local reply on.
 */
export function rawErrorResponse(error: CodecError): string {
  return `${statusLine(error.status, false)}content-length: 0\r\nconnection: close\r\n\r\n`;
}
