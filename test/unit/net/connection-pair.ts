import { once } from "node:events";
import net from "node:net";
import { Connection } from "../../../src/net/connection.ts";
import type { ConnectionCallbacks, ConnectionCloseEvent } from "../../../src/net/connection-callbacks.ts";
import { WriteFlusher } from "../../../src/net/write-flusher.ts";
import { FakeClock } from "../../harness/fake-clock.ts";
import { RecordingStats } from "../../harness/recording-stats.ts";

/** Notes what a connection tells its user. */
export class RecordingCallbacks implements ConnectionCallbacks {
  readonly events: string[] = [];
  readonly data: Buffer[] = [];
  onConnected(): void {
    this.events.push("connected");
  }
  onData(data: Buffer): void {
    this.data.push(data);
  }
  onEndOfStream(): void {
    this.events.push("end");
  }
  onClose(event: ConnectionCloseEvent, reason: string): void {
    this.events.push(`${event} ${reason}`.trim());
  }
  onAboveWriteBufferHighWatermark(): void {
    this.events.push("above");
  }
  onBelowWriteBufferLowWatermark(): void {
    this.events.push("below");
  }
  get text(): string {
    return Buffer.concat(this.data).toString("latin1");
  }
}

/** A connection over a real accepted socket, and the peer's plain socket. */
export interface ConnectionPair {
  readonly connection: Connection;
  readonly callbacks: RecordingCallbacks;
  readonly peer: net.Socket;
  /** What the peer has read. */
  readonly received: () => Buffer;
  readonly clock: FakeClock;
  readonly stats: RecordingStats;
  readonly flusher: WriteFlusher;
  close(): Promise<void>;
}

/** Makes a pair on loopback. The peer reads only when told, if `peerPaused`. */
export async function connectionPair(
  options: { readonly bufferLimitBytes?: number; readonly peerPaused?: boolean; readonly useHandle?: boolean } = {},
): Promise<ConnectionPair> {
  const clock = new FakeClock();
  const stats = new RecordingStats();
  const flusher = new WriteFlusher();
  const server = net.createServer({ allowHalfOpen: true, noDelay: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const peer = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1");
  peer.on("error", () => {});
  const [socket] = (await once(server, "connection")) as [net.Socket];
  const connection = new Connection(socket, {
    id: 1,
    flusher,
    timers: clock.timers,
    bufferLimitBytes: options.bufferLimitBytes ?? 0,
    delayedCloseTimeoutMs: 1000,
    stats: {
      rxBytesTotal: stats.counter("rx"),
      txBytesTotal: stats.counter("tx"),
      txBytesBuffered: stats.gauge("buffered"),
      delayedCloseTimeout: stats.counter("delayed_close_timeout"),
    },
  });
  const callbacks = new RecordingCallbacks();
  if (options.useHandle === true) connection.useHandle();
  connection.start(callbacks);
  const chunks: Buffer[] = [];
  if (options.peerPaused !== true) peer.on("data", (chunk: Buffer) => chunks.push(chunk));
  const close = async (): Promise<void> => {
    peer.destroy();
    socket.destroy();
    server.close();
    await once(server, "close");
  };
  return { connection, callbacks, peer, received: () => Buffer.concat(chunks), clock, stats, flusher, close };
}
