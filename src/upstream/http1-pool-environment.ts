import { type RandomSource, SystemRandom } from "../base/random.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import { Http1ClientConnection } from "../http/http1/client-connection.ts";
import { Http2ClientConnection } from "../http/http2/client-connection.ts";
import type { WriteFlusher } from "../net/write-flusher.ts";
import { connectSocket } from "./connect-socket.ts";
import type { PoolEnvironment } from "./pool-environment.ts";

/** The environment of a worker's pools: sockets, and the codecs of HTTP/1 and HTTP/2. */
export function http1PoolEnvironment(
  timers: TimerWheel,
  flusher: WriteFlusher,
  random: RandomSource = new SystemRandom(),
): PoolEnvironment {
  let connections = 0;
  return {
    timers,
    flusher,
    connect: connectSocket,
    random,
    createHttp2Codec: (connection, client, info) =>
      new Http2ClientConnection(info.http2Options, connection, client, client, info.stats.http2),
    createCodec: (connection, host, info) => new Http1ClientConnection(info.http1Options, connection, host, host),
    nextConnectionId: () => ++connections,
  };
}
