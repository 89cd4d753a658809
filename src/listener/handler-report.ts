import type { ActiveListener } from "./active-listener.ts";
import type { DownstreamConnection } from "./downstream-connection.ts";
import type { ActiveFilterChain } from "./filter-chain/active-filter-chain.ts";
import type { ListeningSockets } from "./listening-sockets.ts";

/** A listener's filter chain on one worker. */
export interface FilterChainReport {
  readonly name: string;
  readonly draining: boolean;
  readonly connections: number;
}

/** A listener on one worker. */
export interface ListenerReport {
  readonly name: string;
  /** `draining`: removed or replaced, and its last connections are being wound up. */
  readonly state: "active" | "draining";
  /** What it accepts on, on this worker; the same address once for each socket. */
  readonly addresses: readonly string[];
  readonly connections: number;
  readonly chains: readonly FilterChainReport[];
}

/** A downstream connection. */
export interface ConnectionReport {
  readonly id: number;
  readonly listener: string;
  readonly filterChain: string;
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly ageMs: number;
  readonly draining: boolean;
  /** Whether the proxy has stopped reading from it. */
  readonly readDisabled: boolean;
  readonly writeBufferedBytes: number;
}

/** One worker's listeners and connections, as plain data for the admin. */
export interface HandlerReport {
  readonly listeners: readonly ListenerReport[];
  readonly connections: readonly ConnectionReport[];
  /** How many connections there are; more than are listed if a limit was reached. */
  readonly connectionCount: number;
}

/** Describes these listeners, with at most `connectionLimit` of their connections. */
export function reportOf(
  listeners: readonly ActiveListener[],
  sockets: ListeningSockets,
  nowMs: number,
  connectionLimit: number,
): HandlerReport {
  const connections: ConnectionReport[] = [];
  let connectionCount = 0;
  for (const listener of listeners) {
    connectionCount += listener.connectionCount;
    for (const chain of listener.chains()) {
      for (const connection of chain.connections) {
        if (connections.length >= connectionLimit) break;
        connections.push(connectionReport(listener, chain, connection, nowMs));
      }
    }
  }
  return {
    listeners: listeners.map((listener) => ({
      name: listener.data.name,
      state: listener.retired ? "draining" : "active",
      addresses: sockets.boundAddresses(listener),
      connections: listener.connectionCount,
      chains: listener.chains().map((chain) => ({
        name: chain.data.name,
        draining: chain.draining,
        connections: chain.connections.size,
      })),
    })),
    connections,
    connectionCount,
  };
}

function connectionReport(
  listener: ActiveListener,
  chain: ActiveFilterChain,
  { connection, remoteAddress, localAddress, acceptedAtMs }: DownstreamConnection,
  nowMs: number,
): ConnectionReport {
  return {
    id: connection.id,
    listener: listener.data.name,
    filterChain: chain.data.name,
    remoteAddress,
    localAddress,
    ageMs: nowMs - acceptedAtMs,
    draining: chain.draining,
    readDisabled: !connection.readEnabled,
    writeBufferedBytes: connection.writeBufferedBytes,
  };
}
