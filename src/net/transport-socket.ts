import type net from "node:net";
import type { ProxyProtocolTlv } from "./proxy-protocol/proxy-protocol-data.ts";
import type { TlsConnectionInfo } from "./tls-connection-info.ts";

/** What a transport socket tells while it makes a connection usable. */
export interface TransportSocketCallbacks {
  /** The handshake is over and the peer may speak. Nothing comes after the socket's `close` event; a failed one just closes. */
  onSecure(info: TlsConnectionInfo): void;
}

/**
 * Turns the accepted sockets of a filter chain into the byte streams that its filters see. One for each chain and worker. The
 * handshake needs no more than the returned socket's events; whoever asks for it bounds its time and owns its errors.
 */
export interface DownstreamTransportSocketFactory {
  /**
   * Begins the handshake. Bytes that were read from `socket` before have been put back with `unshift`. `serverName` is what a
   * listener filter has read of the client's hello (`""`: the client names none); null if nobody has read it. Never throws.
   */
  accept(socket: net.Socket, callbacks: TransportSocketCallbacks, serverName: string | null): net.Socket;
  /** Releases what the factory holds, when its chain has drained. */
  dispose(): void;
}

/** What a host may be told of the client's connection. */
export interface ToldConnection {
  /** Both as `ip:port`. */
  readonly source: string;
  readonly destination: string;
  /** What came in the client's own PROXY protocol header. */
  readonly tlvs: readonly ProxyProtocolTlv[];
}

/** A connection that is wanted to an upstream host. */
export interface UpstreamSocketRequest {
  /** Where to, and what the socket is to be like. */
  readonly options: net.NetConnectOpts;
  /** The host's address as text: a session that it resumes is one of its own. */
  readonly server: string;
  /** The protocol that the connection will carry, or those it may, offered by ALPN if nothing else is configured. */
  readonly alpnFallback?: string | readonly string[] | undefined;
  /** Offered by ALPN in place of what is configured. */
  readonly alpnProtocols?: readonly string[] | undefined;
  /** The server's name for SNI, in place of what is configured. */
  readonly serverName?: string | undefined;
  /** The name that the server's certificate must have, in place of what is configured. */
  readonly subjectAltName?: string | undefined;
  /** The connection that this one is made for; for sockets that tell of it. */
  readonly addresses?: ToldConnection | undefined;
  /** Bytes that go out before all else, also before a handshake; `socket` is connected. */
  readonly prologue?: ((socket: net.Socket) => Buffer) | undefined;
}

/**
 * Makes the connections of a cluster. One for each cluster and worker. The socket has `encrypted` if it is usable not at its `connect` but at its
 * `secureConnect` event; until then it may end with an error whose `code` says why.
 */
export interface UpstreamTransportSocketFactory {
  /** Whether it uses the `addresses` of a request: connections are then kept apart by them. */
  readonly tellsAddresses?: boolean;
  /** Begins to connect. Never throws: if it can't even begin, the socket ends with an error. */
  connect(request: UpstreamSocketRequest): net.Socket;
}
