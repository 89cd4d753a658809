import type { ConnectionCallbacks } from "../../net/connection-callbacks.ts";
import type { TlsConnectionInfo } from "../../net/tls-connection-info.ts";
import type { Host } from "../host.ts";
import type { ByteStream } from "./byte-stream.ts";
import type { PoolFailureReason } from "./http-conn-pool.ts";

/** What the user of a connected `TcpUpstream` hears; as in `ConnectionCallbacks`. */
export type TcpUpstreamCallbacks = Omit<ConnectionCallbacks, "onConnected">;

/** A connected upstream connection in the hands of its user. */
export interface TcpUpstream {
  /** To write, to stop reading, to half-close. */
  readonly connection: ByteStream;
  readonly connectedAtMs: number;
  /** Null without TLS. */
  readonly tls: TlsConnectionInfo | null;
  /** Who hears of the connection from now on. */
  setCallbacks(callbacks: TcpUpstreamCallbacks): void;
}

/** Gets the pool's answer: exactly one of the two calls, unless the attempt is cancelled first. */
export interface TcpPoolCallbacks {
  /** `upstream.setCallbacks` must be called at once: reading has begun. */
  onTcpPoolReady(upstream: TcpUpstream, host: Host): void;
  /** `transportFailureReason` as in `PoolCallbacks.onPoolFailure`. */
  onTcpPoolFailure(reason: PoolFailureReason, transportFailureReason: string, host: Host): void;
}

/** A connection, or a tunnel through one, that is being opened. */
export interface PendingTcpConnection {
  /** Gives up: the connection is closed, and no callback comes afterwards. */
  cancel(): void;
}
