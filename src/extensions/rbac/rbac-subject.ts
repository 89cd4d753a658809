import type { HeaderLookup } from "../../match/header-matcher.ts";
import type { NamespacedMetadata } from "../../match/metadata-path.ts";
import type { TlsConnectionInfo } from "../../net/tls-connection-info.ts";

/**
 * Who wants to do what: a connection (network filter) or a request (HTTP filter). Only what the rules ask for is read.
 * Addresses are `ip:port`, `[ip]:port` or a path.
 */
export interface RbacSubject {
  /** Where the connection goes to: its local address. */
  readonly localAddress: string;
  /** The peer, after listener filters may have replaced it. */
  readonly connectionRemoteAddress: string;
  /** The peer of the socket itself. */
  readonly directRemoteAddress: string;
  /** The client: for a request, after `x-forwarded-for` was weighed. An IP without port will do. */
  readonly remoteAddress: string;
  /** SNI; `""` if there is none. */
  readonly requestedServerName: string;
  /** Null if the peer does not speak TLS. */
  readonly tls: TlsConnectionInfo | null;
  /** Null if the peer does not speak TLS; else its names: see `peerNamesOf`. */
  readonly peerNames: readonly string[] | null;
  readonly dynamicMetadata: NamespacedMetadata | null;
  readonly filterState: ReadonlyMap<string, unknown> | null;
  /** Null for a connection: then rules about headers and paths match nothing. */
  readonly headers: HeaderLookup | null;
}
