import { Connection } from "../../net/connection.ts";
import type { ClusterInfo } from "../cluster-info.ts";
import type { Host } from "../host.ts";
import type { ConnectionWishes } from "./connection-wishes.ts";
import type { PoolEnvironment } from "./pool-environment.ts";

/** A connection to a host, from the moment it is opened. Who has it owes the statistics its end. */
export interface OpenedConnection {
  readonly id: number;
  readonly connection: Connection;
  readonly createdAtMs: number;
}

/** Begins to connect and counts the connection; who asks starts it. `alpn`: what it may carry, see `UpstreamConnector`. */
export function openConnection(
  host: Host,
  info: ClusterInfo,
  environment: PoolEnvironment,
  alpn: string | readonly string[],
  wishes: ConnectionWishes | null,
): OpenedConnection {
  const id = environment.nextConnectionId();
  const createdAtMs = environment.timers.clock.nowMs();
  const { cx, bytes } = info.stats;
  cx.total.inc();
  cx.active.inc();
  host.stats.cxTotal++;
  host.stats.cxActive++;
  const connection = new Connection(environment.connect(host, info, alpn, wishes), {
    id,
    flusher: environment.flusher,
    timers: environment.timers,
    bufferLimitBytes: info.perConnectionBufferLimitBytes,
    delayedCloseTimeoutMs: 0,
    stats: bytes,
  });
  return { id, connection, createdAtMs };
}
