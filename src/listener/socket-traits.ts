import type net from "node:net";
import type { InspectedConnection } from "../net/inspected-connection.ts";
import type { ConnectionTraits } from "./filter-chain/filter-chain-match.ts";

const NO_PROTOCOLS: readonly string[] = [];
const MAPPED = "::ffff:";

/** What is known of an accepted socket. `inspected` is what its first bytes told; null if nobody has read them. */
export function traitsOfSocket(socket: net.Socket, inspected: InspectedConnection | null): ConnectionTraits {
  const directSourceIp = ipText(socket.remoteAddress);
  const local = inspected === null ? null : inspected.localAddress;
  const remote = inspected === null ? null : inspected.remoteAddress;
  return {
    destinationIp: local === null ? ipText(socket.localAddress) : local.ip,
    destinationPort: local === null ? (socket.localPort ?? 0) : local.port,
    serverName: inspected === null ? "" : inspected.serverName,
    transportProtocol: inspected === null ? "raw_buffer" : inspected.transportProtocol,
    applicationProtocols: inspected === null ? NO_PROTOCOLS : inspected.applicationProtocols,
    directSourceIp,
    sourceIp: remote === null ? directSourceIp : remote.ip,
    sourcePort: remote === null ? (socket.remotePort ?? 0) : remote.port,
  };
}

/** One end of a socket. */
export interface IpPort {
  readonly ip: string;
  readonly port: number;
}

/** The peer of a socket; an empty IP on a Unix-domain socket. */
export function sourceOf(socket: net.Socket): IpPort {
  return { ip: ipText(socket.remoteAddress), port: socket.remotePort ?? 0 };
}

/** What the peer of a socket connected to, likewise. */
export function targetOf(socket: net.Socket): IpPort {
  return { ip: ipText(socket.localAddress), port: socket.localPort ?? 0 };
}

/** An IPv4 peer of a socket for both families is known by its IPv4 address. */
function ipText(ip: string | undefined): string {
  if (ip === undefined) return "";
  return ip.startsWith(MAPPED) ? ip.slice(MAPPED.length) : ip;
}
