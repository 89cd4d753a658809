import { isIP } from "node:net";
import type { Address } from "./address.ts";

/**
 * Reads what `formatIpPort` writes: `1.2.3.4:80` or `[::1]:80`. Null for all else: names, addresses without a port, port 0. For
 * text from peers: takes no time to speak of, however long the text is.
 */
export function parseIpPort(text: string): (Address & { readonly type: "ip" }) | null {
  const colon = text.lastIndexOf(":");
  if (colon < 1 || text.length > MAX_LENGTH) return null;
  const host = text.slice(0, colon);
  const bracketed = host.startsWith("[") && host.endsWith("]");
  const ip = bracketed ? host.slice(1, -1) : host;
  if (isIP(ip) !== (bracketed ? 6 : 4)) return null;
  const digits = text.slice(colon + 1);
  if (!PORT.test(digits)) return null;
  const port = Number(digits);
  return port >= 1 && port <= 65_535 ? { type: "ip", ip, port } : null;
}

/** The longest IPv6 address in brackets, with a zone, and a port. */
const MAX_LENGTH = 128;
const PORT = /^\d{1,5}$/;
