import type net from "node:net";
import type { RandomSource } from "../../base/random.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { CompiledExtension } from "../../config/compile-context.ts";
import type { ClientConnection, ClientConnectionCallbacks } from "../../http/codec.ts";
import type { Http2ClientHooks } from "../../http/http2/connection-hooks.ts";
import type { Address } from "../../net/address.ts";
import type { Connection } from "../../net/connection.ts";
import type { UpstreamTransportSocketFactory } from "../../net/transport-socket.ts";
import type { WriteFlusher } from "../../net/write-flusher.ts";
import type { StatsScope } from "../../stats/scope.ts";
import type { ClusterInfo } from "../cluster-info.ts";
import type { ConnectionWishes } from "./connection-wishes.ts";

/** What a client codec may ask of the connection it runs on, beside writing. */
export interface ClientCodecHost extends ClientConnectionCallbacks {
  /** Counted: `true` stops reading from the socket, as many `false` start it again. */
  readDisable(disable: boolean): void;
  /** Tells the peer that nothing follows what was written, and goes on reading. */
  closeWrite(): void;
}

/** Makes the codec of a new upstream connection. */
export type ClientCodecFactory = (connection: Connection, host: ClientCodecHost, info: ClusterInfo) => ClientConnection;

/** The same for HTTP/2. */
export type Http2CodecFactory = (
  connection: Connection,
  client: ClientConnectionCallbacks & Http2ClientHooks,
  info: ClusterInfo,
) => ClientConnection;

/**
 * Begins to connect; the answer comes by the socket's events. Never resolves names. `alpnFallback` is what the connection is to carry, or may,
 * for a TLS handshake that nothing else is configured for.
 */
export type UpstreamConnector = (
  host: ConnectedHost,
  info: ClusterInfo,
  alpnFallback?: string | readonly string[],
  wishes?: ConnectionWishes | null,
) => net.Socket;

/** What of a host matters for a connection to it. */
export interface ConnectedHost {
  readonly address: Address;
  /** Tried after the address; see `targetOptions`. */
  readonly additionalIps?: readonly string[];
  readonly metadata: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

/** Makes the transport socket of a cluster. `scope` is the cluster's. Throws with the reason if it can't. */
export type UpstreamTransportSocketMaker = (
  transportSocket: CompiledExtension,
  scope: StatsScope,
) => UpstreamTransportSocketFactory;

/** What all pools of one worker share. */
export interface PoolEnvironment {
  readonly timers: TimerWheel;
  readonly flusher: WriteFlusher;
  readonly connect: UpstreamConnector;
  readonly createCodec: ClientCodecFactory;
  readonly createHttp2Codec: Http2CodecFactory;
  readonly random: RandomSource;
  readonly makeTransportSocket: UpstreamTransportSocketMaker;
  /** Ids are unique among the worker's upstream connections. */
  nextConnectionId(): number;
}
