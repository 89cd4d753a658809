import type { HeaderMap } from "../../../http/header-map.ts";
import { hasListToken } from "../../../http/http1/characters.ts";

/** Names that `Connection` may not name: they frame or route the message, or an earlier proxy put them there. */
const NEVER_NOMINATED = new Set([
  "host",
  "content-length",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-request-id",
]);

/** What the connection headers of one message say. */
export interface ConnectionHeaders {
  /** `Connection: close`. */
  readonly close: boolean;
  /** `Connection: keep-alive`. */
  readonly keepAlive: boolean;
  /** Value of `Upgrade`, lower case, if `Connection` names it; `""` otherwise. */
  readonly upgrade: string;
}

const NONE: ConnectionHeaders = { close: false, keepAlive: false, upgrade: "" };
const KEEP_ALIVE: ConnectionHeaders = { close: false, keepAlive: true, upgrade: "" };

/**
 * Removes the headers that concern one hop only (RFC 9110 §7.6.1): `connection` and what it names, `keep-alive`,
 * `proxy-connection`, `transfer-encoding`, `upgrade`, and of `te` all but `trailers`. Says what they held.
 * Differs from Envoy: headers that `Connection` names are removed, as the RFC wants it, but not those that say who the
 * client is (`x-forwarded-for`, `x-envoy-…`): otherwise a client could have an earlier proxy's word removed.
 */
export function takeHopByHopHeaders(headers: HeaderMap): ConnectionHeaders {
  const found = countHopByHop(headers.list);
  if (found === 0) return NONE;
  const connection = headers.getJoined("connection");
  // What most servers send, and nothing else to remove.
  if (found === 1 && connection === "keep-alive") {
    headers.remove("connection");
    return KEEP_ALIVE;
  }
  const upgrade = headers.get("upgrade");
  const te = headers.getJoined("te");
  const keepsTrailers = te !== undefined && hasListToken(te, "trailers");
  let nominated: Set<string> | null = null;
  let answer = NONE;
  if (connection !== undefined) {
    if (connection === "keep-alive" || connection === "Keep-Alive") {
      answer = KEEP_ALIVE;
    } else {
      nominated = nominatedNames(connection);
      answer = {
        close: nominated.has("close"),
        keepAlive: nominated.has("keep-alive"),
        upgrade: nominated.has("upgrade") && upgrade !== undefined ? upgrade.toLowerCase() : "",
      };
    }
  }
  headers.removeWhere(
    (name) =>
      isHopByHop(name) ||
      (name === "te" && !keepsTrailers) ||
      (nominated?.has(name) === true && name !== "te" && !NEVER_NOMINATED.has(name) && !name.startsWith("x-envoy-")),
  );
  if (keepsTrailers && te !== "trailers") headers.set("te", "trailers");
  return answer;
}

function isHopByHop(name: string): boolean {
  switch (name) {
    case "connection":
    case "keep-alive":
    case "proxy-connection":
    case "transfer-encoding":
    case "upgrade":
      return true;
    default:
      return false;
  }
}

function countHopByHop(list: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < list.length; i += 2) if (list[i] === "te" || isHopByHop(list[i]!)) count++;
  return count;
}

function nominatedNames(connection: string): Set<string> {
  const names = new Set<string>();
  for (const token of connection.split(",")) names.add(token.trim().toLowerCase());
  return names;
}
