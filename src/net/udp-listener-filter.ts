import type { UdpSendDone } from "./udp-socket.ts";

/** Where a filter sends what is for clients. */
export interface DownstreamUdp {
  /** What it is bound to, as text. */
  readonly localAddress: string;
  sendTo(data: Buffer, ip: string, port: number, done: UdpSendDone): void;
}

/** What a client has under way, as people see it. */
export interface UdpSessionUse {
  /** Unique among the connections of the process. */
  readonly id: number;
  readonly peer: string;
  readonly local: string;
  /** Both on the worker's clock. */
  readonly startMs: number;
  readonly lastActivityMs: number;
  /** From the client, and to it. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly cluster: string;
  readonly host: string;
}

/** Gets the datagrams of a UDP listener. One for each listener and worker. Source: Envoy's `UdpListenerReadFilter`. */
export interface UdpListenerFilter {
  /** A datagram of a client. `socket` is where it came, and answers go. */
  onDatagram(data: Buffer, ip: string, port: number, socket: DownstreamUdp): void;
  onReceiveError(): void;
  /** Whether datagrams of this client belong to something under way. */
  knows(ip: string, port: number, socket: DownstreamUdp): boolean;
  /** How many clients have something under way. */
  readonly activeCount: number;
  /** What clients have under way, each described when it is reached. */
  sessions(): Iterable<UdpSessionUse>;
  /** Ends one of them; false if there is none of this id. */
  closeSession(id: number): boolean;
  /** Ends everything and releases what it holds. */
  dispose(): void;
}
