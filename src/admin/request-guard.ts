import { isIP } from "node:net";
import type { AdminRequest } from "./admin-handler.ts";
import type { BearerToken } from "./bearer-token.ts";

/** What protects the admin interface from web pages that a browser on this machine shows. */
export interface GuardOptions {
  /** Names that may stand in the Host header beside `localhost` and IP addresses. */
  readonly allowedHosts: readonly string[];
  /** False on a Unix-domain socket, which no browser can reach. */
  readonly checkHost: boolean;
  /** What requests must bring for all but what is public; absent or null: nothing. */
  readonly token?: BearerToken | null;
}

/** What of a request is looked at: its head. */
export type Guarded = Pick<AdminRequest, "method" | "path" | "headers">;

/** Why a request is refused. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** How a client is told what to bring (RFC 6750 §3). */
const CHALLENGE = { "www-authenticate": 'Bearer realm="troupe admin"' };

/**
 * Refuses what may come from a foreign web page: a Host that is a domain name (DNS rebinding makes a foreign name point
 * here; nothing can make an IP address or `localhost` foreign), changes that a page of another origin sends, and what lacks the token,
 * if there is one, unless `isPublic` says that it gives nothing away.
 *
 * Differs from Envoy, which checks none of this.
 */
export function guardRequest(request: Guarded, options: GuardOptions, isPublic = false): Refusal | undefined {
  const { host, origin } = request.headers;
  if (options.checkHost && host !== undefined && !isAllowedHost(host, options.allowedHosts)) {
    return {
      status: 403,
      message: `Host "${host}" is not allowed. Use an IP address or localhost.\n`,
    };
  }
  if (!isPublic && options.token?.isIn(request.headers.authorization) === false) {
    return { status: 401, message: "The token of the admin interface is missing or wrong.\n", headers: CHALLENGE };
  }
  if (request.method === "GET" || request.method === "HEAD") return undefined;
  if (request.headers["sec-fetch-site"] === "cross-site" || !isSameOrigin(origin, host)) {
    return { status: 403, message: "Changes from a web page of another origin are not allowed.\n" };
  }
  return undefined;
}

function isAllowedHost(host: string, allowed: readonly string[]): boolean {
  const name = hostName(host);
  if (name === undefined) return false;
  if (name === "localhost" || name.endsWith(".localhost")) return true;
  return isIP(name) !== 0 || allowed.some((each) => each.toLowerCase() === name);
}

/** The name or address in a Host header, in lower case without brackets and port; undefined if it is malformed. */
function hostName(host: string): string | undefined {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^[\]:\s/]+))(?::\d{1,5})?$/.exec(host);
  return (match?.[1] ?? match?.[2])?.toLowerCase();
}

/** A request without an Origin does not come from a page's script or form. */
function isSameOrigin(origin: string | undefined, host: string | undefined): boolean {
  return origin === undefined || (host !== undefined && origin.toLowerCase() === `http://${host.toLowerCase()}`);
}
