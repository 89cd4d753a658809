import { CodecError, Protocol } from "../codec.ts";
import { internHeaderName, RequestHeaderMap } from "../header-map.ts";
import { isAuthority } from "./authority.ts";
import { hasListToken, isToken } from "./characters.ts";
import { Http1Details, malformed } from "./codec-details.ts";
import type { Http1ServerOptions } from "./codec-options.ts";
import type { Http1CodecStats } from "./codec-stats.ts";
import { FIELD_STRIDE, type HeadParser } from "./head-parser.ts";
import { KNOWN_NAMES, KnownName } from "./known-header-names.ts";
import { assertChunked, assertNoTabAround, parseContentLength } from "./message-framing.ts";
import { REGISTERED_METHODS } from "./methods.ts";
import { PreservedCase } from "./preserved-case.ts";
import { applyRequestTarget } from "./request-target.ts";

/**
 * A request's headers and what its head says about the bytes behind it. One object serves all requests of a thread: it is
 * filled by `read` and must be used up before anything else is called.
 */
export class RequestHead {
  headers = new RequestHeaderMap();
  protocol: Protocol = Protocol.http11;
  /** Length of the body; 0 if none is announced, -1 if it is chunked. */
  bodyLength = 0;
  /** Whether the connection may carry another request after this one, as far as the peer is concerned. */
  keepAlive = true;
  /** Whether the peer waits for 100 before it sends the body, and nobody but the codec will answer. */
  expectsContinue = false;
  /** Whether everything behind this request (and its body) is raw data once the upgrade is accepted. */
  upgrades = false;

  private hostCount = 0;
  private host = "";
  private contentLengthCount = 0;
  private transferEncodingCount = 0;
  private connection = "";
  private upgrade = "";
  private expect: string | null = null;

  /**
   * Builds the request whose head `parser` has just split, at `base` in `data`. Throws `CodecError` on whatever could be
   * understood in two ways; see docs of the parts used. `transfer-encoding` and `host` do not appear in the list:
   * Differs from Envoy, where the connection manager removes the former.
   */
  read(parser: HeadParser, data: Buffer, base: number, options: Http1ServerOptions, stats: Http1CodecStats): void {
    const text = data.toString("latin1", base, base + parser.length);
    this.reset();
    this.readFields(parser, text, options, stats);
    if (options.preserveCase !== null) {
      this.headers.nameFormat = PreservedCase.ofRequest(parser, text, options.preserveCase);
    }
    this.readStartLine(parser, text, options);
    this.settleFraming(options);
    this.settleConnection();
    this.settleExpect(options);
  }

  private reset(): void {
    this.headers = new RequestHeaderMap();
    this.bodyLength = 0;
    this.keepAlive = true;
    this.expectsContinue = false;
    this.upgrades = false;
    this.hostCount = 0;
    this.host = "";
    this.contentLengthCount = 0;
    this.transferEncodingCount = 0;
    this.connection = "";
    this.upgrade = "";
    this.expect = null;
  }

  private readStartLine(parser: HeadParser, text: string, options: Http1ServerOptions): void {
    if (parser.hasHighBytes) throw new CodecError("the request line is not ASCII", Http1Details.invalidUrl);
    const { startLineStart, firstSpace, secondSpace } = parser;
    this.protocol = parser.minorVersion === 1 ? Protocol.http11 : Protocol.http10;
    const headers = this.headers;
    headers.method = readMethod(text, startLineStart, firstSpace, options);
    const target = text.substring(firstSpace + 1, secondSpace);
    if (this.hostCount !== 1 && (this.hostCount > 1 || this.protocol === Protocol.http11)) {
      throw new CodecError(
        "there is not exactly one host header",
        this.hostCount === 0 ? Http1Details.missingHost : Http1Details.invalidAuthority,
      );
    }
    if (this.hostCount === 1 && !isAuthority(this.host)) {
      throw new CodecError("the host header is not a host", Http1Details.invalidAuthority);
    }
    applyRequestTarget(headers, target, this.host, options.allowAbsoluteUrl);
  }

  private readFields(parser: HeadParser, text: string, options: Http1ServerOptions, stats: Http1CodecStats): void {
    const { fields, fieldCount } = parser;
    const list = this.headers.list;
    for (let i = 0, at = 0; i < fieldCount; i++, at += FIELD_STRIDE) {
      const id = fields[at]!;
      const value = text.substring(fields[at + 3]!, fields[at + 4]!);
      if (id >= KnownName.other) {
        list.push(KNOWN_NAMES[id]!, value);
      } else if (id === KnownName.unknown) {
        const name = internHeaderName(text.substring(fields[at + 1]!, fields[at + 2]!));
        if (options.headersWithUnderscoresAction === "allow" || name.indexOf("_") === -1) list.push(name, value);
        else refuseUnderscore(options, stats);
      } else {
        if (id === KnownName.transferEncoding || id === KnownName.contentLength) checkSpacing(text, fields, at);
        if (this.noteField(id, value)) list.push(KNOWN_NAMES[id]!, value);
      }
    }
  }

  /** Takes note of a header that the codec acts on; answers whether it stays in the list. */
  private noteField(id: number, value: string): boolean {
    switch (id) {
      case KnownName.host:
        this.hostCount++;
        this.host = value;
        return false;
      case KnownName.contentLength:
        if (++this.contentLengthCount > 1) throw malformed("there is more than one content-length");
        this.bodyLength = parseContentLength(value);
        return true;
      case KnownName.transferEncoding:
        if (++this.transferEncodingCount > 1) {
          throw new CodecError("there is more than one transfer-encoding", Http1Details.invalidTransferEncoding);
        }
        assertChunked(value);
        return false;
      case KnownName.connection:
        this.connection = this.connection === "" ? value : `${this.connection},${value}`;
        return true;
      case KnownName.upgrade:
        this.upgrade = this.upgrade === "" ? value : `${this.upgrade},${value}`;
        return true;
      case KnownName.expect:
        this.expect = this.expect === null ? value : `${this.expect},${value}`;
        return true;
      default:
        return true;
    }
  }

  private settleFraming(options: Http1ServerOptions): void {
    const chunked = this.transferEncodingCount > 0;
    if (chunked && this.contentLengthCount > 0) {
      throw new CodecError("there are both content-length and transfer-encoding", Http1Details.contentLengthAndChunked);
    }
    if (this.protocol === Protocol.http10) {
      if (chunked) {
        throw new CodecError("HTTP/1.0 has no transfer-encoding", Http1Details.transferEncodingNotAllowed);
      }
      if (!options.acceptHttp10) throw new CodecError("HTTP/1.0 is not served", Http1Details.lowVersion, 426);
      if (this.headers.authority === "") this.headers.authority = options.defaultHostForHttp10;
    }
    if (this.headers.method === "CONNECT") {
      if (chunked || this.bodyLength > 0) throw new CodecError("CONNECT has a body", Http1Details.bodyDisallowed);
      this.headers.remove("content-length");
    }
    if (chunked) this.bodyLength = -1;
  }

  private settleConnection(): void {
    const headers = this.headers;
    const http11 = this.protocol === Protocol.http11;
    const connection = this.connection;
    if (connection === "") this.keepAlive = http11;
    else if (http11) this.keepAlive = !hasListToken(connection, "close");
    else this.keepAlive = hasListToken(connection, "keep-alive") && !hasListToken(connection, "close");
    if (headers.method === "CONNECT") {
      this.upgrades = true;
      return;
    }
    if (this.upgrade === "" || !http11 || !hasListToken(connection, "upgrade")) return;
    if (hasListToken(this.upgrade, "h2c")) {
      // HTTP/2 is spoken from the first byte or not at all; the request is served as it stands, as in Envoy.
      headers.remove("upgrade");
      headers.remove("http2-settings");
      return;
    }
    if (this.bodyLength === -1) {
      throw new CodecError("an upgrade has a chunked body", Http1Details.transferEncodingNotAllowed);
    }
    this.upgrades = true;
    headers.protocol = this.upgrade.toLowerCase();
  }

  private settleExpect(options: Http1ServerOptions): void {
    if (this.expect === null) return;
    if (this.protocol === Protocol.http10) {
      // RFC 9110 §10.1.1: a 100-continue expectation in HTTP/1.0 must be ignored.
      this.headers.remove("expect");
      return;
    }
    if (this.expect.toLowerCase() !== "100-continue") {
      throw new CodecError("the expectation is not 100-continue", Http1Details.codecError, 417);
    }
    if (options.proxy100Continue) return;
    this.headers.remove("expect");
    this.expectsContinue = this.bodyLength !== 0;
  }
}

function checkSpacing(text: string, fields: Int32Array, at: number): void {
  assertNoTabAround(text, fields[at + 2]!, fields[at + 3]!, fields[at + 4]!);
}

function readMethod(text: string, start: number, end: number, options: Http1ServerOptions): string {
  // Spares the most frequent one a search.
  if (end - start === 3 && text.startsWith("GET", start)) return "GET";
  const method = text.substring(start, end);
  if (REGISTERED_METHODS.has(method) || (options.allowCustomMethods && isToken(method))) return method;
  throw malformed("the method is unknown");
}

function refuseUnderscore(options: Http1ServerOptions, stats: Http1CodecStats): void {
  if (options.headersWithUnderscoresAction === "dropHeader") {
    stats.droppedHeadersWithUnderscores.inc();
    return;
  }
  stats.requestsRejectedWithUnderscoresInHeaders.inc();
  throw new CodecError("a header name holds an underscore", Http1Details.unexpectedUnderscore);
}
