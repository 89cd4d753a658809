import type { UdpSendDone } from "./udp-socket.ts";

/** Where a filter sends what is for clients. */
export interface DownstreamUdp {
  /** What it is bound to, as text. */
  readonly localAddress: string;
  sendTo(data: Buffer, ip: string, port: number, done: UdpSendDone): void;
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
  /** Ends everything and releases what it holds. */
  dispose(): void;
}
