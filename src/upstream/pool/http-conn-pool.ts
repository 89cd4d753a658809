import type { Protocol, RequestEncoder, ResponseDecoder } from "../../http/codec.ts";
import type { TlsConnectionInfo } from "../../net/tls-connection-info.ts";
import type { Host } from "../host.ts";

/**
 * Why no connection could be had. `overflow`: a circuit breaker (503 UO); `localConnectionFailure`: we could not or
 * would not connect; `remoteConnectionFailure`: refused, reset or closed while connecting; `timeout`: `connect_timeout`
 * (all three 503 UF).
 */
export type PoolFailureReason = "overflow" | "localConnectionFailure" | "remoteConnectionFailure" | "timeout";

/** What is known of the connection that carries a stream; shared by all its streams. Times on the worker's clock. */
export interface UpstreamConnectionInfo {
  /** Unique among the worker's upstream connections. */
  readonly id: number;
  /** `ip:port`; `""` for a Unix-domain socket. */
  readonly localAddress: string;
  /** `""` = none: its bytes are the body. */
  readonly protocol: Protocol | "";
  readonly connectedAtMs: number;
  /** Null without TLS. */
  readonly tls: TlsConnectionInfo | null;
  /** Whether it has completed a request before this one: then its death without an answer may be the old race of keep-alive. */
  readonly reused: boolean;
}

/** Gets the pool's answer: exactly one of the two calls, unless the request is cancelled first. */
export interface PoolCallbacks {
  /**
   * A stream is open; its encoder's `stream.setCallbacks` must be called at once. The pool itself counts the request in
   * (`upstream_rq_total`, `_active`, the `requests` breaker) and, when the stream ends, out.
   */
  onPoolReady(encoder: RequestEncoder, host: Host, connection: UpstreamConnectionInfo): void;
  /** `transportFailureReason` is for people and `%UPSTREAM_TRANSPORT_FAILURE_REASON%`; `""` if there is none. */
  onPoolFailure(reason: PoolFailureReason, transportFailureReason: string, host: Host | null): void;
}

/** A request that waits for a connection. */
export interface PendingStream {
  /** Gives up; no callback comes afterwards. A connection that is being opened for it stays, for others. */
  cancel(): void;
}

/** The connections of one worker to one host at one priority. */
export interface HttpConnPool {
  readonly host: Host;
  /** Null if the answer came (ready or failed) before the call returned. */
  newStream(decoder: ResponseDecoder, callbacks: PoolCallbacks): PendingStream | null;
  /**
   * A stream will probably come: opens a connection if the pool has none left for it and all others, times `ratio`. Answers whether there may be
   * more of them.
   */
  preconnect(ratio: number): boolean;
  /** Whether a request would get an established connection at once. */
  readonly hasReadyConnection: boolean;
}
