import type { Socket } from "node:net";
import type { TlsConnectionInfo } from "./tls-connection-info.ts";

const KNOWN = new WeakMap<Socket, TlsConnectionInfo>();

/** Notes what the handshake of a connection to a host agreed upon. For the transport socket that made the connection. */
export function noteUpstreamTls(socket: Socket, info: TlsConnectionInfo): void {
  KNOWN.set(socket, info);
}

/** The TLS of a connection to a host, once it is connected; null without TLS. */
export function upstreamTls(socket: Socket): TlsConnectionInfo | null {
  return KNOWN.get(socket) ?? null;
}
