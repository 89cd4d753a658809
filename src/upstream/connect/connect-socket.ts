import net from "node:net";
import { type Address, formatAddress } from "../../net/address.ts";
import { ReadBuffer } from "../../net/read-buffer.ts";
import type { TcpKeepaliveData } from "../cluster-data.ts";
import type { ClusterInfo } from "../cluster-info.ts";
import type { ConnectionWishes } from "../pool/connection-wishes.ts";
import type { ConnectedHost } from "../pool/pool-environment.ts";
import { targetOptions } from "./happy-eyeballs.ts";
import { bindOptions } from "./source-address.ts";

/** Begins to connect to a host at an IP or a path. Errors come as the socket's `error` event. */
export function connectSocket(
  host: ConnectedHost,
  info: ClusterInfo,
  alpnFallback?: string | readonly string[],
  wishes: ConnectionWishes | null = null,
): net.Socket {
  const { address, additionalIps = NO_IPS } = host;
  const transportSocket = info.transportSockets.socketOf(host.metadata);
  const options = connectOptions(address, additionalIps, info);
  const socket =
    transportSocket === null
      ? connectPlain(options)
      : transportSocket.connect({
          options,
          server: formatAddress(address),
          alpnFallback,
          serverName: wishes?.serverName || undefined,
          subjectAltName: wishes?.subjectAltName || undefined,
          addresses: wishes?.addresses ?? undefined,
        });
  const { tcpKeepalive } = info.connectionSettings;
  // Before there is a connection, Node.js can be told of the time only.
  if (tcpKeepalive !== null && address.type === "ip") socket.once("connect", () => keepAlive(socket, tcpKeepalive));
  return socket;
}

function keepAlive(socket: net.Socket, { timeS, intervalS, probes }: TcpKeepaliveData): void {
  socket.setKeepAlive({ enable: true, initialDelay: timeS * 1000, interval: intervalS * 1000, count: probes });
}

function connectPlain(options: net.NetConnectOpts): net.Socket {
  const buffer = new ReadBuffer();
  const onread: net.OnReadOpts = {
    buffer: () => buffer.next(),
    callback: (length) => {
      buffer.onRead(socket, length);
      return true;
    },
  };
  const socket = net.connect({ ...options, onread });
  return socket;
}

const NO_IPS: readonly string[] = [];

/** Differs from Envoy: what is bound to a source address goes to the host's first address. Node.js binds only where there is one. */
function connectOptions(address: Address, additionalIps: readonly string[], info: ClusterInfo): net.NetConnectOpts {
  if (address.type === "pipe") {
    const path = address.path.startsWith("@") ? `\0${address.path.slice(1)}` : address.path;
    return { path, allowHalfOpen: true };
  }
  const { sourceAddresses } = info.connectionSettings;
  return {
    ...targetOptions(address.ip, sourceAddresses.length === 0 ? additionalIps : NO_IPS),
    port: address.port,
    noDelay: true,
    // A TCP proxy goes on sending to a server that has ended.
    allowHalfOpen: true,
    ...bindOptions(address.ip, sourceAddresses),
  };
}
