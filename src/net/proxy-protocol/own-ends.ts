import type { Socket } from "node:net";
import type { Address } from "../address.ts";
import type { ProxiedEnds } from "./header-writer.ts";

/** The two ends of a socket itself, for connections that carry nobody else's. Without addresses (a Unix-domain socket) headers say that nothing is known. */
export function ownEnds(socket: Socket): ProxiedEnds {
  const end = (ip = "", port = 0): Address => ({ type: "ip", ip, port });
  return {
    source: end(socket.localAddress, socket.localPort),
    destination: end(socket.remoteAddress, socket.remotePort),
  };
}
