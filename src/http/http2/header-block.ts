import { RequestHeaderMap, ResponseHeaderMap, TrailerMap } from "../header-map.ts";
import { isAuthority, isAuthorityWithPort } from "../http1/authority.ts";
import { isRequestTarget, isToken } from "../http1/characters.ts";
import type { HeadersWithUnderscoresAction } from "../http1/codec-options.ts";
import { parseContentLength } from "../http1/message-framing.ts";
import type { HeaderLimits } from "./codec-options.ts";
import type { Http2CodecStats } from "./codec-stats.ts";
import type { FieldProblem } from "./hpack/dynamic-table.ts";
import type { HeaderSink } from "./hpack/hpack-decoder.ts";

/** What a cookie crumb costs beside its bytes: thousands of them must not pass as one field. */
const CRUMB_OVERHEAD_BYTES = 32;

/** Bits of the pseudo-headers that a block has had. */
const Pseudo = { method: 1, path: 2, scheme: 4, authority: 8, protocol: 16, status: 32 } as const;
const REQUEST_PSEUDO = Pseudo.method | Pseudo.path | Pseudo.scheme | Pseudo.authority | Pseudo.protocol;

/** What kind of message section a block is. */
export type BlockKind = "request" | "response" | "trailers";

/**
 * Gathers the fields of one decoded header block and holds them against the rules of RFC 9113 §8. One object serves all
 * blocks of a thread: it must be used up before anything else is called.
 *
 * A block that breaks a rule has a `problem`, one that is too large is `overflown`; both are read to the end all the same,
 * because the compression tables go on.
 */
export class HeaderBlock implements HeaderSink {
  list: string[] = [];
  /** Why the message is malformed; `""` if it is not. */
  problem = "";
  overflown = false;
  /** A name with `_` in it was there, and such requests are rejected. */
  hasRejectedUnderscore = false;
  /** Value of `content-length`; -1 if there is none. */
  contentLength = -1;
  /** Value of `expect`, lower case; `""` if there is none. */
  expect = "";
  status = 0;
  private method = "";
  private path = "";
  private scheme = "";
  private authority = "";
  private protocol = "";
  private host: string | null = null;
  private cookieAt = -1;
  private pseudo = 0;
  private allowedPseudo = 0;
  private regularSeen = false;
  private sizeBytes = 0;
  private fieldCount = 0;
  private limits!: HeaderLimits;
  private underscores: HeadersWithUnderscoresAction = "allow";
  private stats!: Http2CodecStats;

  begin(
    kind: BlockKind,
    limits: HeaderLimits,
    underscores: HeadersWithUnderscoresAction,
    stats: Http2CodecStats,
  ): void {
    this.list = [];
    this.problem = "";
    this.overflown = false;
    this.hasRejectedUnderscore = false;
    this.contentLength = -1;
    this.expect = "";
    this.status = 0;
    this.method = "";
    this.path = "";
    this.scheme = "";
    this.authority = "";
    this.protocol = "";
    this.host = null;
    this.cookieAt = -1;
    this.pseudo = 0;
    this.allowedPseudo = kind === "request" ? REQUEST_PSEUDO : kind === "response" ? Pseudo.status : 0;
    this.regularSeen = false;
    this.sizeBytes = 0;
    this.fieldCount = 0;
    this.limits = limits;
    this.underscores = underscores;
    this.stats = stats;
  }

  onField(name: string, value: string, problem: FieldProblem): void {
    this.sizeBytes += name.length + value.length;
    if (this.sizeBytes > this.limits.headBytes) this.overflown = true;
    if (this.overflown || this.problem !== "") return;
    if (problem !== "") this.problem = `a header ${problem} has characters that it may not have`;
    else if (name.charCodeAt(0) === 0x3a) this.pseudoField(name, value);
    else this.regularField(name, withoutBlanks(value));
  }

  private pseudoField(name: string, value: string): void {
    const bit = pseudoBit(name);
    if ((bit & this.allowedPseudo) === 0) this.problem = `${name} does not belong here`;
    else if ((bit & this.pseudo) !== 0) this.problem = `${name} comes twice`;
    else if (this.regularSeen) this.problem = `${name} comes behind other headers`;
    this.pseudo |= bit;
    switch (bit) {
      case Pseudo.method:
        this.method = value;
        break;
      case Pseudo.path:
        this.path = value;
        break;
      case Pseudo.scheme:
        this.scheme = value;
        break;
      case Pseudo.authority:
        this.authority = value;
        break;
      case Pseudo.protocol:
        this.protocol = value;
        break;
      default:
        this.readStatus(value);
    }
  }

  private readStatus(value: string): void {
    const status = value.length === 3 ? Number(value) : Number.NaN;
    if (Number.isInteger(status) && status >= 100 && status <= 599 && status !== 101) this.status = status;
    else this.problem = ":status is none";
  }

  private regularField(name: string, value: string): void {
    this.regularSeen = true;
    switch (name) {
      case "connection":
      case "proxy-connection":
      case "keep-alive":
      case "transfer-encoding":
      case "upgrade":
        this.problem = `${name} does not exist in HTTP/2`;
        return;
      case "te":
        if (value !== "trailers") this.problem = "te is not trailers";
        break;
      case "host":
        if (this.host !== null && this.allowedPseudo === REQUEST_PSEUDO) this.problem = "host comes twice";
        this.host = value;
        if (this.allowedPseudo === REQUEST_PSEUDO) return;
        break;
      case "cookie":
        if (this.joinCookie(value)) return;
        break;
      case "content-length":
        this.readContentLength(value);
        break;
      case "expect":
        this.expect = value.toLowerCase();
        break;
      default:
        if (this.underscores !== "allow" && name.indexOf("_") !== -1) {
          this.onUnderscore();
          return;
        }
    }
    if (++this.fieldCount > this.limits.fieldCount) this.overflown = true;
    else this.list.push(name, value);
  }

  private readContentLength(value: string): void {
    if (this.contentLength !== -1) {
      this.problem = "content-length comes twice";
      return;
    }
    try {
      this.contentLength = parseContentLength(value);
    } catch {
      this.problem = "content-length is no length";
    }
  }

  /** Cookies may be split to compress better (RFC 9113 §8.2.3); behind this there is one again. */
  private joinCookie(value: string): boolean {
    this.sizeBytes += CRUMB_OVERHEAD_BYTES;
    if (this.cookieAt === -1) {
      this.cookieAt = this.list.length + 1;
      return false;
    }
    this.list[this.cookieAt] += `; ${value}`;
    return true;
  }

  private onUnderscore(): void {
    if (this.underscores === "dropHeader") {
      this.stats.droppedHeadersWithUnderscores.inc();
      return;
    }
    if (!this.hasRejectedUnderscore) this.stats.requestsRejectedWithUnderscoresInHeaders.inc();
    this.hasRejectedUnderscore = true;
  }

  /** The block as a request; null, and a `problem`, if it is none. */
  toRequest(allowExtendedConnect: boolean): RequestHeaderMap | null {
    const authority = this.authority === "" && this.host !== null ? this.host : this.authority;
    if (this.problem === "") this.problem = this.requestProblem(authority, allowExtendedConnect);
    if (this.problem !== "") return null;
    const headers = new RequestHeaderMap(this.list);
    headers.method = this.method;
    headers.path = this.path;
    headers.scheme = this.scheme;
    headers.authority = authority;
    headers.protocol = this.protocol;
    return headers;
  }

  private requestProblem(authority: string, allowExtendedConnect: boolean): string {
    const pseudo = this.pseudo;
    if (!isToken(this.method)) return ":method is missing or none";
    if ((pseudo & Pseudo.authority) !== 0 && this.host !== null && !sameHost(this.host, this.authority)) {
      return "host differs from :authority";
    }
    const isConnect = this.method === "CONNECT";
    if (authority !== "" && !(isConnect ? isAuthorityWithPort(authority) : isAuthority(authority))) {
      if (!(isConnect && this.protocol !== "" && isAuthority(authority))) return ":authority is no host";
    }
    if ((pseudo & Pseudo.protocol) !== 0) {
      if (!isConnect || !allowExtendedConnect || !isToken(this.protocol)) return ":protocol is not expected";
    } else if (isConnect) {
      return (pseudo & (Pseudo.path | Pseudo.scheme)) === 0 && authority !== ""
        ? ""
        : "CONNECT has :path or :scheme, or no :authority";
    }
    if (this.scheme !== "http" && this.scheme !== "https") return ":scheme is missing or none of http and https";
    return isRequestTarget(this.path) ? "" : ":path is missing or has characters that it may not have";
  }

  /** The block as response headers; null, and a `problem`, if it is none. */
  toResponse(): ResponseHeaderMap | null {
    if (this.problem === "" && this.status === 0) this.problem = ":status is missing";
    return this.problem === "" ? new ResponseHeaderMap(this.status, this.list) : null;
  }

  toTrailers(): TrailerMap | null {
    return this.problem === "" ? new TrailerMap(this.list) : null;
  }
}

function pseudoBit(name: string): number {
  switch (name) {
    case ":method":
      return Pseudo.method;
    case ":path":
      return Pseudo.path;
    case ":scheme":
      return Pseudo.scheme;
    case ":authority":
      return Pseudo.authority;
    case ":protocol":
      return Pseudo.protocol;
    case ":status":
      return Pseudo.status;
    default:
      return 0;
  }
}

function sameHost(host: string, authority: string): boolean {
  return host === authority || host.toLowerCase() === authority.toLowerCase();
}

function withoutBlanks(value: string): string {
  const first = value.charCodeAt(0);
  const last = value.charCodeAt(value.length - 1);
  return first === 0x20 || first === 0x09 || last === 0x20 || last === 0x09
    ? value.replaceAll(/^[ \t]+|[ \t]+$/g, "")
    : value;
}
