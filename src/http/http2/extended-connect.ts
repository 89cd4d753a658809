import { createHash } from "node:crypto";
import type { RequestHeaderMap, ResponseHeaderMap } from "../header-map.ts";

/** Appended to a key before it is hashed (RFC 6455 §1.3). */
const WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * Makes an extended CONNECT (RFC 8441) the upgrade request of HTTP/1 that everyone behind the codec knows: GET with `upgrade` and
 * `connection`. A WebSocket gets the key that a server of HTTP/1 asks for. `uuid`: any 16 bytes in hexadecimal.
 * Differs from Envoy: it adds no key.
 */
export function toUpgradeRequest(headers: RequestHeaderMap, uuid: () => string): void {
  headers.method = "GET";
  headers.add("connection", "upgrade");
  headers.add("upgrade", headers.protocol);
  if (headers.protocol !== "websocket" || headers.has("sec-websocket-key")) return;
  headers.add("sec-websocket-key", Buffer.from(uuid().replaceAll("-", ""), "hex").toString("base64"));
}

/** The `upgrade` that a request of HTTP/1 asks for; `""` if none. */
export function upgradeOf(headers: RequestHeaderMap): string {
  const upgrade = headers.get("upgrade");
  if (upgrade === undefined || headers.method === "CONNECT") return "";
  return headers.get("connection")?.toLowerCase() === "upgrade" ? upgrade : "";
}

/** Makes the 2xx of an extended CONNECT the 101 that answers the upgrade to `protocol` with this `sec-websocket-key`. */
export function toUpgradeResponse(headers: ResponseHeaderMap, protocol: string, key: string | undefined): void {
  headers.status = 101;
  headers.set("connection", "upgrade");
  headers.set("upgrade", protocol);
  if (key === undefined || headers.has("sec-websocket-accept")) return;
  headers.add(
    "sec-websocket-accept",
    createHash("sha1")
      .update(key + WEBSOCKET_GUID)
      .digest("base64"),
  );
}
