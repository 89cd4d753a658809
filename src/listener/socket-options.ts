import { readFileSync } from "node:fs";
import type net from "node:net";

/** What `socket_options` of a listener set on each accepted connection. Plain data; null: it is left as it is. */
export interface SocketOptionsData {
  readonly keepAlive: KeepAliveData | null;
  /** `IP_TOS` or `IPV6_TCLASS`. */
  readonly typeOfService: number | null;
}

/** TCP keep-alive probes. 0 is what the system says. */
export interface KeepAliveData {
  readonly idleS: number;
  readonly intervalS: number;
  readonly count: number;
}

/** Sets them on an accepted socket. An option that the kernel refuses is left out: the connection is served all the same. */
export function applySocketOptions(socket: net.Socket, { keepAlive, typeOfService }: SocketOptionsData): void {
  if (keepAlive !== null) {
    const system = systemKeepAlive();
    socket.setKeepAlive(
      true,
      1000 * (keepAlive.idleS || system.idleS),
      1000 * (keepAlive.intervalS || system.intervalS),
      keepAlive.count || system.count,
    );
  }
  if (typeOfService === null) return;
  try {
    socket.setTypeOfService(typeOfService);
  } catch {
    // The peer has gone already.
  }
}

let known: KeepAliveData | undefined;

/** Node.js has defaults of its own for what it is not told. */
function systemKeepAlive(): KeepAliveData {
  known ??= {
    idleS: systemNumber("tcp_keepalive_time", 7200),
    intervalS: systemNumber("tcp_keepalive_intvl", 75),
    count: systemNumber("tcp_keepalive_probes", 9),
  };
  return known;
}

function systemNumber(name: string, otherwise: number): number {
  try {
    return Number(readFileSync(`/proc/sys/net/ipv4/${name}`, "utf8")) || otherwise;
  } catch {
    return otherwise;
  }
}
