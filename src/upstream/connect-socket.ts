import net from "node:net";
import type { Address } from "../net/address.ts";
import { deliverRead } from "../net/connection.ts";
import type { ClusterInfo } from "./cluster-info.ts";

/**
 * All upstream sockets of a thread read into this one buffer, and what they read is copied out of it at once. That costs less
 * than a fresh 64 KiB for each read, and a large body takes fewer reads.
 */
const readBuffer = new Uint8Array(256 * 1024);

/** Begins to connect to `address`, an IP or a path. Errors come as the socket's `error` event. */
export function connectSocket(address: Address, info: ClusterInfo): net.Socket {
  const onread: net.OnReadOpts = {
    buffer: readBuffer,
    callback: (length, bytes) => {
      deliverRead(socket, bytes, length);
      return true;
    },
  };
  const socket = net.connect(connectOptions(address, info, onread));
  return socket;
}

function connectOptions(address: Address, info: ClusterInfo, onread: net.OnReadOpts): net.NetConnectOpts {
  if (address.type === "pipe") {
    const path = address.path.startsWith("@") ? `\0${address.path.slice(1)}` : address.path;
    return { path, onread, allowHalfOpen: true };
  }
  const keepaliveS = info.connectionSettings.tcpKeepaliveTimeS;
  return {
    host: address.ip,
    port: address.port,
    noDelay: true,
    // A TCP proxy goes on sending to a server that has ended.
    allowHalfOpen: true,
    keepAlive: keepaliveS !== null,
    keepAliveInitialDelay: (keepaliveS ?? 0) * 1000,
    onread,
  };
}
