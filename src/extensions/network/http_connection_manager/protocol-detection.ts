import { CLIENT_PREFACE } from "../../../http/http2/frame.ts";

/** So much of HTTP/2's preface tells it from any request of HTTP/1: `PRI * HTTP/2`. */
const TELLING_BYTES = 12;

/**
 * Which protocol a connection speaks, by what was negotiated (ALPN; `""` if nothing was) or its first bytes; null if these
 * are too few to tell. Source: Envoy's `ConnectionManagerUtility::determineNextProtocol`.
 */
export function detectProtocol(alpnProtocol: string, firstBytes: Buffer): "http1" | "http2" | null {
  if (alpnProtocol === "h2") return "http2";
  if (alpnProtocol !== "") return "http1";
  const length = Math.min(firstBytes.length, TELLING_BYTES);
  if (CLIENT_PREFACE.compare(firstBytes, 0, length, 0, length) !== 0) return "http1";
  return length === TELLING_BYTES ? "http2" : null;
}
