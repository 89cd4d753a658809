import type { CompiledExtension } from "../config/compile-context.ts";

/** One of `transport_socket_matches`. */
export interface TransportSocketMatchData {
  readonly name: string;
  /** What the host's metadata `envoy.transport_socket_match` must have; an empty one fits every host. */
  readonly match: Readonly<Record<string, unknown>>;
  /** Null is a plain socket. */
  readonly transportSocket: CompiledExtension | null;
}

/** What makes the connections of a cluster. */
export interface TransportSocketsData {
  /** Null is a plain socket. */
  readonly transportSocket: CompiledExtension | null;
  /** Sockets for hosts whose metadata asks for another one; the first that fits. */
  readonly transportSocketMatches: readonly TransportSocketMatchData[];
}
