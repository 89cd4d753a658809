import type net from "node:net";
import type { InspectedConnection } from "../net/listener-filter.ts";
import type { ConnectionTraits } from "./filter-chain-match.ts";

const NOT_INSPECTED: InspectedConnection = {
  serverName: "",
  transportProtocol: "raw_buffer",
  applicationProtocols: [],
};
const MAPPED = "::ffff:";

/** What is known of an accepted socket. `inspected` is what its first bytes told; null if nobody has read them. */
export function traitsOfSocket(socket: net.Socket, inspected: InspectedConnection | null): ConnectionTraits {
  const { serverName, transportProtocol, applicationProtocols } = inspected ?? NOT_INSPECTED;
  const sourceIp = ipText(socket.remoteAddress);
  return {
    destinationIp: ipText(socket.localAddress),
    destinationPort: socket.localPort ?? 0,
    serverName,
    transportProtocol,
    applicationProtocols,
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
