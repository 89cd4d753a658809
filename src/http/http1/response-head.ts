import { CodecError, Protocol } from "../codec.ts";
import { internHeaderName, ResponseHeaderMap } from "../header-map.ts";
import { BODY_CHUNKED, BODY_UNTIL_CLOSE } from "./body-decoder.ts";
import { hasListToken } from "./characters.ts";
import { Http1Details, malformed } from "./codec-details.ts";
import { FIELD_STRIDE, type HeadParser } from "./head-parser.ts";
import type { PreserveCaseData } from "./key-format-data.ts";
import { KNOWN_NAMES, KnownName } from "./known-header-names.ts";
import { assertChunked, assertNoTabAround, parseContentLength } from "./message-framing.ts";
import { PreservedCase } from "./preserved-case.ts";

/** What a response is read against: how the request it answers bears on its body. */
export interface AnsweredRequest {
  readonly isHead: boolean;
  readonly isConnect: boolean;
  /** Whether the request asked for an upgrade. */
  readonly asksUpgrade: boolean;
}

/**
 * A response's headers and what its head says about the bytes behind it. One object serves all responses of a thread: it
 * is filled by `read` and must be used up before anything else is called.
 */
export class ResponseHead {
  headers = new ResponseHeaderMap();
  protocol: Protocol = Protocol.http11;
  /** Length of the body; 0 if it has none, or `BODY_CHUNKED` or `BODY_UNTIL_CLOSE`. */
  bodyLength = 0;
  /** Whether the connection may carry another request after this response. */
  keepAlive = true;
  /** Whether this is 100–199 but not 101: another response head follows. */
  isInterim = false;
  /** Whether everything behind the head is raw data: an accepted upgrade or CONNECT. */
  isRaw = false;

  private contentLength = -1;
  private hasTransferEncoding = false;
  private connection = "";

  /**
   * Builds the response whose head `parser` has just split, at `base` in `data`. Throws `CodecError` on framing that could
   * be understood in two ways, on a body where none may be, and on an upgrade nobody asked for. With `preserveCase` the
   * names are remembered as they came.
   */
  read(
    parser: HeadParser,
    data: Buffer,
    base: number,
    request: AnsweredRequest,
    preserveCase: PreserveCaseData | null,
  ): void {
    const text = data.toString("latin1", base, base + parser.length);
    this.contentLength = -1;
    this.hasTransferEncoding = false;
    this.connection = "";
    this.isRaw = false;
    this.headers = new ResponseHeaderMap(this.readStatusLine(parser, text));
    this.readFields(parser, text);
    if (preserveCase !== null) this.headers.nameFormat = PreservedCase.ofResponse(parser, text, preserveCase);
    this.settleConnection();
    this.settleBody(request);
  }

  private readStatusLine(parser: HeadParser, text: string): number {
    const { startLineEnd, firstSpace, secondSpace } = parser;
    this.protocol = parser.minorVersion === 1 ? Protocol.http11 : Protocol.http10;
    const statusEnd = secondSpace === -1 ? startLineEnd : secondSpace;
    let status = 0;
    for (let i = firstSpace + 1; i < statusEnd; i++) {
      const digit = text.charCodeAt(i) - 0x30;
      if (digit < 0 || digit > 9) throw malformed("the status of the response is not a number");
      status = status * 10 + digit;
    }
    if (statusEnd - firstSpace !== 4 || status < 100 || status > 599) throw malformed("the status is not 100-599");
    return status;
  }

  private readFields(parser: HeadParser, text: string): void {
    const { fields, fieldCount } = parser;
    const list = this.headers.list;
    for (let i = 0, at = 0; i < fieldCount; i++, at += FIELD_STRIDE) {
      const id = fields[at]!;
      const value = text.substring(fields[at + 3]!, fields[at + 4]!);
      if (id === KnownName.transferEncoding || id === KnownName.contentLength) {
        assertNoTabAround(text, fields[at + 2]!, fields[at + 3]!, fields[at + 4]!);
      }
      if (id === KnownName.unknown) {
        list.push(internHeaderName(text.substring(fields[at + 1]!, fields[at + 2]!)), value);
      } else if (id >= KnownName.other || this.noteField(id, value)) {
        list.push(KNOWN_NAMES[id]!, value);
      }
    }
  }

  /** Takes note of a header that the codec acts on; answers whether it stays in the list. */
  private noteField(id: number, value: string): boolean {
    switch (id) {
      case KnownName.contentLength:
        if (this.contentLength !== -1) throw malformed("there is more than one content-length");
        this.contentLength = parseContentLength(value);
        return true;
      case KnownName.transferEncoding:
        if (this.hasTransferEncoding) {
          throw new CodecError("there is more than one transfer-encoding", Http1Details.invalidTransferEncoding);
        }
        assertChunked(value);
        this.hasTransferEncoding = true;
        return false;
      case KnownName.connection:
        this.connection = this.connection === "" ? value : `${this.connection},${value}`;
        return true;
      default:
        return true;
    }
  }

  private settleConnection(): void {
    const connection = this.connection;
    const http11 = this.protocol === Protocol.http11;
    if (connection === "") this.keepAlive = http11;
    else if (http11) this.keepAlive = !hasListToken(connection, "close");
    else this.keepAlive = hasListToken(connection, "keep-alive") && !hasListToken(connection, "close");
  }

  /** RFC 9112 §6.3, refusing what it leaves open. */
  private settleBody(request: AnsweredRequest): void {
    const status = this.headers.status;
    this.isInterim = status < 200 && status !== 101;
    if (status < 200 && this.protocol === Protocol.http10) throw malformed("HTTP/1.0 has no interim responses");
    this.refuseDoubtfulFraming(status);
    if (status < 200 || status === 204) this.refuseBody();
    if (status === 101) {
      if (!request.asksUpgrade) throw malformed("the response switches protocols unasked");
      this.isRaw = true;
    } else if (request.isConnect && status >= 200 && status < 300) {
      if (this.hasTransferEncoding) {
        throw new CodecError("a tunnel has a transfer-encoding", Http1Details.transferEncodingNotAllowed);
      }
      this.headers.remove("content-length");
      this.isRaw = true;
    }
    this.bodyLength = this.lengthOfBody(status, request);
    if (this.bodyLength === BODY_UNTIL_CLOSE || this.isRaw) this.keepAlive = false;
  }

  private refuseDoubtfulFraming(status: number): void {
    if (!this.hasTransferEncoding) return;
    if (this.contentLength !== -1) {
      throw new CodecError("there are both content-length and transfer-encoding", Http1Details.contentLengthAndChunked);
    }
    if (this.protocol === Protocol.http10 || status < 200 || status === 204) {
      throw new CodecError("transfer-encoding may not stand here", Http1Details.transferEncodingNotAllowed);
    }
  }

  /** 1xx and 204 may not announce a body; a length of 0 is forgiven and dropped, as in Envoy. */
  private refuseBody(): void {
    if (this.contentLength > 0) {
      throw new CodecError("a response without a body has a length", Http1Details.contentLengthNotAllowed);
    }
    if (this.contentLength === 0) this.headers.remove("content-length");
  }

  private lengthOfBody(status: number, request: AnsweredRequest): number {
    if (this.isRaw || this.isInterim || request.isHead || status === 204 || status === 304) return 0;
    if (this.hasTransferEncoding) return BODY_CHUNKED;
    return this.contentLength === -1 ? BODY_UNTIL_CLOSE : this.contentLength;
  }
}
