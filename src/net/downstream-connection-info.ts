import type { TlsConnectionInfo } from "./tls-connection-info.ts";

/** What is known of a connection to the proxy; shared by all its streams. Addresses are `ip:port`, `[ip]:port` or a path. */
export interface DownstreamConnectionInfo {
  /** Unique in the process while it runs. */
  readonly connectionId: number;
  /** The peer, after listener filters may have replaced it (PROXY protocol). */
  readonly remoteAddress: string;
  /** The peer of the socket itself. */
  readonly directRemoteAddress: string;
  readonly localAddress: string;
  readonly requestedServerName: string;
  readonly filterChainName: string;
  /** Whether the peer speaks TLS to us. */
  readonly isTls: boolean;
  /** What the TLS handshake agreed upon; null without TLS. */
  readonly tls: TlsConnectionInfo | null;
  /** The protocol that the TLS handshake agreed on (`h2`, `http/1.1`); `""` if none. */
  readonly alpnProtocol: string;
  /** `performance.now()`-style time of accept. */
  readonly acceptedAtMs: number;
}
