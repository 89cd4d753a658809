import type { RequestEncoder, ResponseDecoder } from "../codec.ts";
import type { RequestHeaderMap } from "../header-map.ts";
import { isRequestTarget, isToken, isWritableValue } from "../http1/characters.ts";
import { upgradeOf } from "./extended-connect.ts";
import { ErrorCode } from "./frame.ts";
import { Http2Stream, type Http2StreamOwner } from "./stream.ts";

/** Response code details for a request that filters have made impossible to write. */
const INVALID_REQUEST = "filter_added_invalid_request_data";

/** What a stream of a client needs of its connection. */
export interface ClientStreamOwner extends Http2StreamOwner {
  /** Whether the peer takes extended CONNECT, as far as it has said. */
  readonly mayUpgrade: boolean;
  openStream(stream: ClientStream): boolean;
  sendRequestHeaders(stream: ClientStream, headers: RequestHeaderMap, endStream: boolean): void;
  onStreamComplete(wasReset: boolean): void;
}

/** One request on an upstream connection and the reader of its response. */
export class ClientStream extends Http2Stream implements RequestEncoder {
  readonly decoder: ResponseDecoder;
  /** The response has no body, whatever its `content-length` says. */
  isHead = false;
  interimCount = 0;
  /** What the request asks to upgrade to, as extended CONNECT; `""` if nothing. */
  upgrade = "";
  websocketKey: string | undefined;
  readonly #client: ClientStreamOwner;

  constructor(connection: ClientStreamOwner, decoder: ResponseDecoder) {
    super(connection);
    this.#client = connection;
    this.decoder = decoder;
  }

  protected resetCode(): ErrorCode {
    return ErrorCode.cancel;
  }

  receiveData(data: Buffer, endStream: boolean): void {
    this.decoder.decodeData(data, endStream);
  }

  /**
   * Opens the stream. A method, path or authority that can't be written resets it ("protocol error",
   * `filter_added_invalid_request_data`) with nothing written; so does a peer that has said GOAWAY ("remote refused stream
   * reset").
   */
  encodeHeaders(headers: RequestHeaderMap, endStream: boolean): void {
    if (this.gone || this.id !== 0) return;
    if (!canBeWritten(headers)) {
      this.resetWith(ErrorCode.internalError, "protocol error", INVALID_REQUEST);
      return;
    }
    this.upgrade = upgradeOf(headers);
    if (this.upgrade !== "") {
      if (!this.#client.mayUpgrade) {
        this.resetWith(ErrorCode.internalError, "remote error with CONNECT request", "");
        return;
      }
      this.websocketKey = headers.get("sec-websocket-key");
    }
    this.isHead = headers.method === "HEAD";
    this.endQueued = endStream;
    if (!this.#client.openStream(this)) return;
    if (endStream) this.localEnded = true;
    this.#client.sendRequestHeaders(this, headers, endStream);
    if (endStream) this.afterEnd();
  }

  protected override onLeft(wasReset: boolean): void {
    this.#client.onStreamComplete(wasReset);
  }
}

function canBeWritten(headers: RequestHeaderMap): boolean {
  return (
    isToken(headers.method) &&
    (isRequestTarget(headers.path) || (headers.method === "CONNECT" && headers.path === "")) &&
    isWritableValue(headers.authority) &&
    isToken(headers.scheme === "" ? "http" : headers.scheme)
  );
}
