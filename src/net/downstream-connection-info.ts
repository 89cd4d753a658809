import type { ConnectionState } from "./connection-state.ts";
import type { TlsConnectionInfo } from "./tls-connection-info.ts";

/** What is known of a connection to the proxy; shared by all its streams. Addresses are `ip:port`, `[ip]:port` or a path. */
export interface DownstreamConnectionInfo {
  /** Unique in the process while it runs. */
  readonly connectionId: number;
  /** The peer, after listener filters may have replaced it (PROXY protocol). */
  readonly remoteAddress: string;
  /** The peer of the socket itself. */
  readonly directRemoteAddress: string;
  /** Ours, after listener filters may have replaced it (PROXY protocol). */
  readonly localAddress: string;
  /** That of the socket itself. */
  readonly directLocalAddress: string;
  /** What the TLS hello asks for, also where the proxy hands TLS on without ending it; `""` if nothing. */
  readonly requestedServerName: string;
  /** Fingerprints of the TLS hello, made by the TLS inspector if it is told to; `""` or absent: none. */
  readonly ja3?: string;
  readonly ja4?: string;
  readonly filterChainName: string;
  /** Whether the peer speaks TLS to us. */
  readonly isTls: boolean;
  /** What the TLS handshake agreed upon; null without TLS. */
  readonly tls: TlsConnectionInfo | null;
  /** The protocol that the TLS handshake agreed on (`h2`, `http/1.1`); `""` if none. */
  readonly alpnProtocol: string;
  /** What listener and network filters have said of the connection, if any has; absent: none. */
  readonly stateIfAny?: ConnectionState | null;
  /** `performance.now()`-style time of accept. */
  readonly acceptedAtMs: number;
}
