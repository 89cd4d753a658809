import { type RandomSource, SystemRandom } from "../../base/random.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import { Http1ClientConnection } from "../../http/http1/client-connection.ts";
import { Http2ClientConnection } from "../../http/http2/client-connection.ts";
import type { WriteFlusher } from "../../net/write-flusher.ts";
import { connectSocket } from "../connect/connect-socket.ts";
import type { PoolEnvironment, UpstreamTransportSocketMaker } from "./pool-environment.ts";

/** The environment of a worker's pools: the codecs of HTTP/1 and HTTP/2, and plain sockets unless there is a maker of others. */
export function http1PoolEnvironment(
  timers: TimerWheel,
  flusher: WriteFlusher,
  random: RandomSource = new SystemRandom(),
  makeTransportSocket: UpstreamTransportSocketMaker = noTransportSocket,
): PoolEnvironment {
  let connections = 0;
  return {
    timers,
    flusher,
    connect: connectSocket,
    random,
    createHttp2Codec: (connection, client, info) =>
      new Http2ClientConnection(info.http2Options, connection, client, client, info.stats.http2),
    makeTransportSocket,
    createCodec: (connection, host, info) => new Http1ClientConnection(info.http1Options, connection, host, host),
    nextConnectionId: () => ++connections,
  };
}

function noTransportSocket(): never {
  throw new Error("there are only plain sockets here");
}
