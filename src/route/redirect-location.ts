import type { RequestHeaderMap } from "../http/header-map.ts";
import type { PathMatcherData } from "../match/path-matcher.ts";
import { wireText } from "../match/wire-text.ts";
import { hostPortStart } from "./host-port.ts";
import { createPathRewrite, type PathRewrite } from "./path-rewrite.ts";
import type { RedirectAction } from "./route.ts";
import type { RedirectActionData } from "./route-table-data.ts";

const UNSAFE = /[\x00-\x20\x7f]/g;

/** The answer that sends the client elsewhere; works out `location` as Envoy does. Immutable. */
export class LocationRedirect implements RedirectAction {
  readonly type = "redirect";
  readonly status: RedirectAction["status"];
  readonly #scheme: string;
  readonly #host: string;
  readonly #port: string;
  readonly #path: string;
  readonly #pathRewrite: PathRewrite | null;
  readonly #stripQuery: boolean;

  /** `match` is how the route matched the path. */
  constructor(data: RedirectActionData, match: PathMatcherData | null) {
    this.status = data.status;
    this.#scheme = data.scheme;
    this.#host = wireText(data.host);
    this.#port = data.port === 0 ? "" : `:${data.port}`;
    this.#path = wireText(data.path);
    this.#pathRewrite = createPathRewrite(data.pathRewrite, match);
    this.#stripQuery = data.stripQuery;
  }

  location(headers: RequestHeaderMap): string {
    const scheme = this.#scheme !== "" ? this.#scheme : headers.scheme || "http";
    const host = this.#host !== "" ? this.#host : this.#requestHost(headers, scheme);
    const location = `${scheme}://${host}${this.#port}${this.#target(headers)}`;
    return location.replace(UNSAFE, percentEncode);
  }

  /** The request's host; without its port if that is replaced or was the default of a scheme that changes. */
  #requestHost(headers: RequestHeaderMap, scheme: string): string {
    const authority = headers.authority;
    const portStart = hostPortStart(authority);
    if (portStart === -1) return authority;
    const port = authority.slice(portStart);
    const requestScheme = headers.get("x-forwarded-proto") ?? headers.scheme;
    const wasDefault =
      requestScheme !== scheme &&
      ((requestScheme === "https" && port === ":443") || (requestScheme === "http" && port === ":80"));
    return this.#port !== "" || wasDefault ? authority.slice(0, portStart) : authority;
  }

  #target(headers: RequestHeaderMap): string {
    const question = headers.path.indexOf("?");
    if (this.#path !== "") {
      if (this.#stripQuery || question === -1 || this.#path.includes("?")) return this.#path;
      return this.#path + headers.path.slice(question);
    }
    const path = this.#pathRewrite === null ? headers.path : this.#pathRewrite.rewrite(headers.path);
    const end = this.#stripQuery ? path.indexOf("?") : -1;
    return end === -1 ? path : path.slice(0, end);
  }
}

function percentEncode(char: string): string {
  return `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`;
}
