import { isIP } from "node:net";
import type { AdminRequest } from "./admin-handler.ts";

/** What protects the admin interface from web pages that a browser on this machine shows. */
export interface GuardOptions {
  /** Names that may stand in the Host header beside `localhost` and IP addresses. */
  readonly allowedHosts: readonly string[];
  /** False on a Unix-domain socket, which no browser can reach. */
  readonly checkHost: boolean;
}

/** Why a request is refused. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
}

/**
 * Refuses what may come from a foreign web page: a Host that is a domain name (DNS rebinding makes a foreign name point
 * here; nothing can make an IP address or `localhost` foreign), and changes that a page of another origin sends.
 *
 * Differs from Envoy, which checks neither.
 */
export function guardRequest(request: AdminRequest, options: GuardOptions): Refusal | undefined {
  const { host, origin } = request.headers;
  if (options.checkHost && host !== undefined && !isAllowedHost(host, options.allowedHosts)) {
    return {
      status: 403,
      message: `Host "${host}" is not allowed. Use an IP address or localhost.\n`,
    };
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
