import type { TimerWheel } from "../base/timer-wheel.ts";
import { Http1ClientConnection } from "../http/http1/client-connection.ts";
import type { WriteFlusher } from "../net/write-flusher.ts";
import { connectSocket } from "./connect-socket.ts";
import type { PoolEnvironment } from "./pool-environment.ts";

/** The environment of a worker's pools: plain sockets, HTTP/1. */
export function http1PoolEnvironment(timers: TimerWheel, flusher: WriteFlusher): PoolEnvironment {
  let connections = 0;
  return {
    timers,
    flusher,
    connect: connectSocket,
    createCodec: (connection, host, info) => new Http1ClientConnection(info.http1Options, connection, host, host),
    nextConnectionId: () => ++connections,
  };
}
