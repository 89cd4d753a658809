import type { ConnectionUse, StreamUse } from "../net/connection-use.ts";
import type { ActiveListener } from "./active-listener.ts";
import type { DownstreamConnection } from "./downstream-connection.ts";
import type { ActiveFilterChain } from "./filter-chain/active-filter-chain.ts";

/** A downstream connection as people see it. Plain data. */
export interface ConnectionRow {
  readonly id: number;
  readonly listener: string;
  readonly filterChain: string;
  /** `draining`: its chain or listener was replaced or removed, or is being wound up. */
  readonly state: "live" | "draining";
  readonly peer: string;
  readonly local: string;
  readonly serverName: string;
  readonly alpn: string;
  /** Such as `TLSv1.3`; empty without TLS, and during its handshake. */
  readonly tlsVersion: string;
  readonly protocol: string;
  readonly ageMs: number;
  /** -1 if that is not known. */
  readonly idleMs: number;
  /** What the socket has read and written. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Accepted for writing and not taken by the operating system yet. */
  readonly bufferedBytes: number;
  readonly readDisabled: boolean;
  readonly requests: number;
  readonly activeStreams: number;
  readonly cluster: string;
  readonly host: string;
  readonly attempt: number;
  /** Of the configuration that its filter chain comes from. */
  readonly snapshotVersion: number;
}

/** A request in hand as people see it. Plain data. */
export interface StreamRow extends Omit<StreamUse, "startMs" | "lastActivityMs"> {
  readonly connectionId: number;
  readonly listener: string;
  readonly filterChain: string;
  readonly state: "live" | "draining";
  readonly peer: string;
  readonly ageMs: number;
  readonly idleMs: number;
  readonly snapshotVersion: number;
}

const NO_USE: ConnectionUse = {
  protocol: "",
  requests: 0,
  activeStreams: 0,
  lastActivityMs: -1,
  cluster: "",
  host: "",
  attempt: 0,
};

/** The connections of these listeners, each described when it is reached. They may come and go meanwhile. */
export function* connectionRows(
  listeners: Iterable<ActiveListener>,
  wanted: (row: ConnectionRow) => boolean,
): Generator<ConnectionRow | undefined> {
  for (const { listener, chain, connection } of connectionsOf(listeners)) {
    const row = connectionRow(listener, chain, connection);
    yield wanted(row) ? row : undefined;
  }
}

/** The requests in hand on the connections of these listeners. */
export function* streamRows(
  listeners: Iterable<ActiveListener>,
  wanted: (row: StreamRow) => boolean,
): Generator<StreamRow | undefined> {
  for (const { listener, chain, connection } of connectionsOf(listeners)) {
    for (const stream of connection.streams()) {
      const row = streamRow(listener, chain, connection, stream);
      yield wanted(row) ? row : undefined;
    }
    yield undefined;
  }
}

/** The open connection with this id; undefined if there is none. */
export function findConnection(listeners: Iterable<ActiveListener>, id: number): DownstreamConnection | undefined {
  for (const { connection } of connectionsOf(listeners)) if (connection.connectionId === id) return connection;
  return undefined;
}

function* connectionsOf(listeners: Iterable<ActiveListener>): Generator<{
  readonly listener: ActiveListener;
  readonly chain: ActiveFilterChain;
  readonly connection: DownstreamConnection;
}> {
  for (const listener of listeners) {
    for (const chain of listener.chains()) {
      for (const connection of chain.connections) yield { listener, chain, connection };
    }
  }
}

function connectionRow(
  listener: ActiveListener,
  chain: ActiveFilterChain,
  downstream: DownstreamConnection,
): ConnectionRow {
  const nowMs = listener.clock.nowMs();
  const { connection, tls, acceptedAtMs } = downstream;
  const use = downstream.use() ?? NO_USE;
  const { lastActivityMs, ...shown } = use;
  return {
    ...shown,
    id: connection.id,
    listener: listener.data.name,
    filterChain: chain.data.name,
    state: chain.draining ? "draining" : "live",
    peer: downstream.remoteAddress,
    local: downstream.localAddress,
    serverName: downstream.requestedServerName,
    alpn: downstream.alpnProtocol,
    tlsVersion: tls === null ? "" : tls.version,
    ageMs: nowMs - acceptedAtMs,
    idleMs: lastActivityMs < 0 ? -1 : nowMs - lastActivityMs,
    bytesReceived: connection.socket.bytesRead,
    bytesSent: connection.socket.bytesWritten,
    bufferedBytes: connection.writeBufferedBytes,
    readDisabled: !connection.readEnabled,
    snapshotVersion: chain.snapshotVersion,
  };
}

function streamRow(
  listener: ActiveListener,
  chain: ActiveFilterChain,
  { connection, remoteAddress }: DownstreamConnection,
  { startMs, lastActivityMs, ...stream }: StreamUse,
): StreamRow {
  const nowMs = listener.clock.nowMs();
  return {
    ...stream,
    connectionId: connection.id,
    listener: listener.data.name,
    filterChain: chain.data.name,
    state: chain.draining ? "draining" : "live",
    peer: remoteAddress,
    ageMs: nowMs - startMs,
    idleMs: nowMs - lastActivityMs,
    snapshotVersion: chain.snapshotVersion,
  };
}
