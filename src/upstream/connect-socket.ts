import net from "node:net";
import type { Address } from "../net/address.ts";
import type { ClusterInfo } from "./cluster-info.ts";

/** Begins a TCP or Unix-domain connection to `address`, an IP or a path. Errors come as the socket's `error` event. */
export function connectSocket(address: Address, info: ClusterInfo): net.Socket {
  if (address.type === "pipe") {
    const path = address.path.startsWith("@") ? `\0${address.path.slice(1)}` : address.path;
    return net.connect({ path });
  }
  const keepaliveS = info.connectionSettings.tcpKeepaliveTimeS;
  return net.connect({
    host: address.ip,
    port: address.port,
    noDelay: true,
    keepAlive: keepaliveS !== null,
    keepAliveInitialDelay: (keepaliveS ?? 0) * 1000,
  });
}
