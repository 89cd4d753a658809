import type net from "node:net";
import type { ConnectionTraits } from "./filter-chain-match.ts";

const NO_PROTOCOLS: readonly string[] = [];
const MAPPED = "::ffff:";

/** What an accepted socket tells about its connection before a byte has been read. */
export function traitsOfSocket(socket: net.Socket): ConnectionTraits {
  const sourceIp = ipText(socket.remoteAddress);
  return {
    destinationIp: ipText(socket.localAddress),
    destinationPort: socket.localPort ?? 0,
    serverName: "",
    transportProtocol: "raw_buffer",
    applicationProtocols: NO_PROTOCOLS,
    directSourceIp: sourceIp,
    sourceIp,
    sourcePort: socket.remotePort ?? 0,
  };
}

/** An IPv4 peer of a socket for both families is known by its IPv4 address. */
function ipText(ip: string | undefined): string {
  if (ip === undefined) return "";
  return ip.startsWith(MAPPED) ? ip.slice(MAPPED.length) : ip;
}
