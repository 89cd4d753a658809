import {
  RESPONSE_HEAD_CUT_SHORT,
  type RequestEncoder,
  type ResponseDecoder,
  type StreamResetReason,
} from "../codec.ts";
import type { RequestHeaderMap, TrailerMap } from "../header-map.ts";
import { formatLine } from "../header-name-format.ts";
import { isAuthority } from "./authority.ts";
import { isRequestTarget, isToken } from "./characters.ts";
import { CodecStream, type CodecStreamOwner } from "./codec-stream.ts";
import { BodyFraming, headWriter } from "./message-writer.ts";
import { methodUsuallyHasNoBody } from "./methods.ts";
import type { AnsweredRequest } from "./response-head.ts";

/** What a stream needs of its connection. */
export interface ClientStreamOwner extends CodecStreamOwner {
  /** Whether the request line holds a whole URL. */
  readonly sendFullyQualifiedUrl: boolean;
  /** Whether some, but not all bytes of a response's head are here. */
  readonly isReadingHead: boolean;
  onRequestComplete(stream: ClientStream): void;
  /** `isClean`: nothing of the request was written. */
  onStreamReset(stream: ClientStream, isClean: boolean): void;
}

/** Response code details for a request that filters have made impossible to write. */
const INVALID_REQUEST = "filter_added_invalid_request_data";

/** One request on an upstream connection and the reader of its response. */
export class ClientStream extends CodecStream<ClientStreamOwner> implements RequestEncoder, AnsweredRequest {
  readonly decoder: ResponseDecoder;
  isHead = false;
  isConnect = false;
  asksUpgrade = false;
  requestStarted = false;
  requestComplete = false;
  responseComplete = false;
  /** Data for a tunnel that is not open yet; null when nothing has to wait. */
  #early: Buffer[] | null = null;
  #endsEarly = false;

  constructor(owner: ClientStreamOwner, id: number, decoder: ResponseDecoder) {
    super(owner, id);
    this.decoder = decoder;
  }

  override reset(reason: StreamResetReason): void {
    this.resetWith(reason, this.owner.isReadingHead ? RESPONSE_HEAD_CUT_SHORT : "");
  }

  override resetWith(reason: StreamResetReason, details: string): void {
    if (this.gone) return;
    const isClean = !this.requestStarted;
    this.leave();
    this.callbacks?.onResetStream(reason, details);
    this.owner.onStreamReset(this, isClean);
  }

  override leave(): void {
    super.leave();
    this.#early = null;
  }

  /**
   * Writes the request head. A method, path or authority that would break it resets the stream ("protocol error",
   * `filter_added_invalid_request_data`) with nothing written.
   */
  encodeHeaders(headers: RequestHeaderMap, endStream: boolean): void {
    if (this.gone || this.requestStarted) return;
    this.isHead = headers.method === "HEAD";
    this.isConnect = headers.method === "CONNECT";
    const target = this.isConnect ? headers.authority : headers.path;
    if (
      !isToken(headers.method) ||
      !isRequestTarget(target) ||
      !canBeHost(headers.authority) ||
      !this.#isPath(target)
    ) {
      this.resetWith("protocol error", INVALID_REQUEST);
      return;
    }
    this.requestStarted = true;
    if (this.isConnect) headers.remove("content-length");
    const format = headers.nameFormat ?? this.owner.nameFormat;
    const fields = headWriter.writeFields(headers, format);
    this.asksUpgrade = headWriter.saysUpgrade && !this.isConnect;
    const framing = this.#chooseFraming(endStream);
    const url = this.owner.sendFullyQualifiedUrl && target !== "*" ? this.#urlOf(headers, target) : target;
    let text = `${headers.method} ${url} HTTP/1.1\r\n${formatLine(format, `host: ${headers.authority}\r\n`)}${fields}`;
    if (framing === BodyFraming.chunked) text += formatLine(format, "transfer-encoding: chunked\r\n");
    else if (framing === BodyFraming.none && !methodUsuallyHasNoBody(headers.method)) {
      text += formatLine(format, "content-length: 0\r\n");
    }
    if (this.asksUpgrade) text += formatLine(format, "connection: upgrade\r\n");
    else if (headWriter.saysClose) text += formatLine(format, "connection: close\r\n");
    this.writeHead(`${text}\r\n`);
    if (endStream) this.#complete();
  }

  encodeData(data: Buffer, endStream: boolean): void {
    if (this.gone || this.requestComplete) return;
    if (this.#early !== null) {
      this.#keepEarly(data, endStream);
      return;
    }
    this.body.write(data, endStream);
    if (endStream) this.#complete();
  }

  encodeTrailers(trailers: TrailerMap): void {
    if (this.gone || this.requestComplete) return;
    if (this.#early !== null) {
      this.#endsEarly = true;
      return;
    }
    this.body.writeTrailers(trailers, this.owner.enableTrailers, this.owner.nameFormat);
    this.#complete();
  }

  /** The peer has opened the tunnel: what waited for it goes out, and everything after it as it is. */
  openTunnel(): void {
    const early = this.#early;
    this.#early = null;
    this.body.begin(BodyFraming.raw, 0);
    if (early === null) return;
    for (const piece of early) this.body.write(piece, false);
    if (early.length > 0) this.callbacks?.onBelowWriteBufferLowWatermark();
    if (this.#endsEarly) this.#complete();
  }

  /** Whether the request broke off short of its content-length. */
  get isShort(): boolean {
    return this.body.isShort;
  }

  #urlOf({ scheme, authority }: RequestHeaderMap, path: string): string {
    return this.isConnect || authority === "" ? path : `${scheme === "https" ? "https" : "http"}://${authority}${path}`;
  }

  /** Only paths are sent upstream: a URL could name another host than the `host` header. */
  #isPath(target: string): boolean {
    return this.isConnect || target.charCodeAt(0) === 0x2f || target === "*";
  }

  #chooseFraming(endStream: boolean): BodyFraming {
    const length = headWriter.contentLength;
    let framing: BodyFraming = BodyFraming.chunked;
    if (this.isConnect || (this.asksUpgrade && length === -1)) {
      framing = BodyFraming.raw;
      this.#early = [];
    } else if (length !== -1) {
      framing = BodyFraming.fixed;
    } else if (endStream) {
      framing = BodyFraming.none;
    }
    this.body.begin(framing, length);
    return framing;
  }

  /** Before the tunnel is open its data would be taken for requests, by a peer that refuses it. */
  #keepEarly(data: Buffer, endStream: boolean): void {
    const early = this.#early!;
    if (data.length > 0) {
      if (early.length === 0) this.callbacks?.onAboveWriteBufferHighWatermark();
      early.push(data);
    }
    if (endStream) this.#endsEarly = true;
  }

  #complete(): void {
    this.requestComplete = true;
    this.owner.onRequestComplete(this);
  }
}

function canBeHost(authority: string): boolean {
  return authority === "" || isAuthority(authority);
}
