import { Buffer } from "node:buffer";
import type { InspectedConnection } from "../../../net/inspected-connection.ts";
import { InspectionStatus, type ListenerFilter } from "../../../net/listener-filter.ts";
import type { HttpInspectorStats } from "./stats.ts";

const HTTP2_PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
const NEWLINE = 0x0a;
/** A method is a token (RFC 9110, section 5.6.2), a target has no spaces and controls. */
const REQUEST_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+ [\x21-\x7e\x80-\xff]+ HTTP\/1\.([01])\r?$/;
const METHOD_START = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+(?: |$)/;
/** How far it is looked for the beginning of a target: methods are short. */
const METHOD_BYTES = 64;

/** The longest request line. Source: Envoy's `MAX_INSPECT_SIZE`. */
export const MAX_PEEK_BYTES = 64 * 1024;

/**
 * Says which HTTP version a client speaks that speaks no TLS: `http/1.0`, `http/1.1` or `h2c` becomes its application protocol. What is no HTTP
 * passes as it is; a request line without end closes the connection. Source: Envoy's HTTP inspector.
 */
export class HttpInspectorFilter implements ListenerFilter {
  readonly #stats: HttpInspectorStats;
  /** What has been looked at without a newline. */
  #seenBytes = 0;

  constructor(stats: HttpInspectorStats) {
    this.#stats = stats;
  }

  onAccept({ transportProtocol }: InspectedConnection): InspectionStatus {
    return transportProtocol === "raw_buffer" ? InspectionStatus.moreData : InspectionStatus.done;
  }

  onPeek(bytes: Buffer, connection: InspectedConnection): InspectionStatus {
    const compared = Math.min(bytes.length, HTTP2_PREFACE.length);
    if (bytes.compare(HTTP2_PREFACE, 0, compared, 0, compared) === 0) {
      if (compared < HTTP2_PREFACE.length) return InspectionStatus.moreData;
      this.#stats.http2Found.inc();
      connection.applicationProtocols = ["h2c"];
      return InspectionStatus.done;
    }
    const end = bytes.indexOf(NEWLINE, this.#seenBytes);
    if (end !== -1) return this.#judge(REQUEST_LINE.exec(bytes.toString("latin1", 0, end))?.[1], connection);
    if (!METHOD_START.test(bytes.toString("latin1", 0, METHOD_BYTES))) return this.#judge(undefined, connection);
    this.#seenBytes = bytes.length;
    if (bytes.length < MAX_PEEK_BYTES) return InspectionStatus.moreData;
    this.#stats.readError.inc();
    return InspectionStatus.close;
  }

  #judge(minor: string | undefined, connection: InspectedConnection): InspectionStatus {
    if (minor === undefined) {
      this.#stats.httpNotFound.inc();
    } else if (minor === "1") {
      this.#stats.http11Found.inc();
      connection.applicationProtocols = ["http/1.1"];
    } else {
      this.#stats.http10Found.inc();
      connection.applicationProtocols = ["http/1.0"];
    }
    return InspectionStatus.done;
  }
}
