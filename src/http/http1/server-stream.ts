import type { RequestDecoder, ResponseEncoder, StreamResetReason } from "../codec.ts";
import type { ResponseHeaderMap, TrailerMap } from "../header-map.ts";
import { formatLine } from "../header-name-format.ts";
import { CodecStream, type CodecStreamOwner } from "./codec-stream.ts";
import { BodyFraming, headWriter } from "./message-writer.ts";
import { statusLine } from "./status-line.ts";

/** What a stream needs of its connection. */
export interface ServerStreamOwner extends CodecStreamOwner {
  /** Whether the connection ends with the response of `stream`, whose head is about to be written. */
  endsWith(stream: ServerStream): boolean;
  /** The response asked for `Connection: close`, or is delimited by it. */
  closeAfterResponse(): void;
  /** The peer may now send raw data. */
  onUpgradeAccepted(): void;
  onResponseComplete(stream: ServerStream): void;
  onStreamReset(stream: ServerStream): void;
}

/** One request of a downstream connection and the writer of its response. */
export class ServerStream extends CodecStream<ServerStreamOwner> implements ResponseEncoder {
  readonly isHead: boolean;
  readonly isConnect: boolean;
  readonly isHttp10: boolean;
  /** Whether the request asks to switch to raw data. */
  readonly upgrades: boolean;
  /** Whether the request, as received, lets the connection live on. */
  readonly keepAlive: boolean;
  /** Set right after construction. */
  decoder: RequestDecoder | null = null;
  requestComplete = false;
  responseStarted = false;
  responseComplete = false;

  constructor(
    owner: ServerStreamOwner,
    id: number,
    method: string,
    isHttp10: boolean,
    upgrades: boolean,
    keepAlive: boolean,
  ) {
    super(owner, id);
    this.isHead = method === "HEAD";
    this.isConnect = method === "CONNECT";
    this.isHttp10 = isHttp10;
    this.upgrades = upgrades;
    this.keepAlive = keepAlive;
  }

  override resetWith(reason: StreamResetReason, details: string): void {
    if (this.gone) return;
    this.leave();
    this.owner.onStreamReset(this);
    this.callbacks?.onResetStream(reason, details);
  }

  encode1xxHeaders(headers: ResponseHeaderMap): void {
    // HTTP/1.0 knows no interim responses (RFC 9110 §15.2).
    if (this.gone || this.responseStarted || this.isHttp10) return;
    if (headers.status < 100 || headers.status > 199 || headers.status === 101) return;
    headers.remove("content-length");
    const fields = headWriter.writeFields(headers, headers.nameFormat ?? this.owner.nameFormat);
    this.writeHead(`${statusLine(headers.status, false)}${fields}\r\n`);
  }

  encodeHeaders(headers: ResponseHeaderMap, endStream: boolean): void {
    if (this.gone || this.responseStarted) return;
    const status = headers.status;
    const isRaw = this.upgrades && (this.isConnect ? status >= 200 && status < 300 : status === 101);
    if (status < 200 && !isRaw) {
      this.resetWith("protocol error", "");
      return;
    }
    this.responseStarted = true;
    if (endStream) this.responseComplete = true;
    const mayHaveLength = !isRaw && status !== 204;
    if (!mayHaveLength) headers.remove("content-length");
    const format = headers.nameFormat ?? this.owner.nameFormat;
    const fields = headWriter.writeFields(headers, format);
    const framing = this.#chooseFraming(status, isRaw, endStream);
    let text = statusLine(status, this.isHttp10, format?.reason) + fields;
    if (framing === BodyFraming.chunked) text += formatLine(format, "transfer-encoding: chunked\r\n");
    else if (endStream && framing === BodyFraming.none && this.#saysEmpty(status)) {
      text += formatLine(format, "content-length: 0\r\n");
    }
    const connection = this.#connectionLine(isRaw, framing);
    this.writeHead(`${text}${connection === "" ? "" : formatLine(format, connection)}\r\n`);
    if (isRaw) this.owner.onUpgradeAccepted();
    if (endStream) this.#complete();
  }

  encodeData(data: Buffer, endStream: boolean): void {
    if (this.gone || this.responseComplete) return;
    this.body.write(data, endStream);
    if (endStream) this.#complete();
  }

  encodeTrailers(trailers: TrailerMap): void {
    if (this.gone || this.responseComplete) return;
    this.body.writeTrailers(trailers, this.owner.enableTrailers, this.owner.nameFormat);
    this.#complete();
  }

  /** Decides how the body is delimited (RFC 9112 §6) from the list just written. */
  #chooseFraming(status: number, isRaw: boolean, endStream: boolean): BodyFraming {
    const length = headWriter.contentLength;
    let framing: BodyFraming;
    if (isRaw) framing = BodyFraming.raw;
    else if (this.isHead || status === 204 || status === 304) framing = BodyFraming.none;
    else if (length !== -1) framing = BodyFraming.fixed;
    else if (endStream) framing = BodyFraming.none;
    else framing = this.isHttp10 ? BodyFraming.raw : BodyFraming.chunked;
    this.body.begin(framing, length);
    return framing;
  }

  /** Whether a response without body has to say so: not if its status or the method says it. */
  #saysEmpty(status: number): boolean {
    return !this.isHead && status !== 204 && status !== 304;
  }

  #connectionLine(isRaw: boolean, framing: BodyFraming): string {
    if (isRaw) return this.isConnect ? "" : "connection: upgrade\r\n";
    if (headWriter.saysClose || framing === BodyFraming.raw) this.owner.closeAfterResponse();
    if (this.owner.endsWith(this)) return "connection: close\r\n";
    return this.isHttp10 ? "connection: keep-alive\r\n" : "";
  }

  #complete(): void {
    this.responseComplete = true;
    if (this.body.isShort) this.owner.closeAfterResponse();
    this.owner.onResponseComplete(this);
  }
}
