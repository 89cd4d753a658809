import dgram from "node:dgram";
import { isIP } from "node:net";
import { formatIpPort } from "./address.ts";

/** What a socket tells its owner. */
export interface UdpSocketCallbacks {
  /** A datagram came; the buffer is the callee's. */
  onDatagram(data: Buffer, ip: string, port: number): void;
  /** Receiving failed once, such as by an ICMP error. The socket goes on. */
  onReceiveError(error: Error): void;
}

/** What became of a datagram: the operating system has taken its bytes, or it is lost. May be called before the call that sends returns. */
export type UdpSendDone = (error: Error | null, bytes: number) => void;

/** What a socket is bound with. */
export interface UdpBinding {
  readonly ip: string;
  readonly port: number;
  readonly ipv6Only: boolean;
  /** Whether other sockets may be on the port, too: each datagram goes to one of them, those of one peer to the same. */
  readonly reusePort: boolean;
}

/** What may wait in a socket to be sent; it is reached only when the network is slower than we are. */
const MAX_QUEUED_BYTES = 1024 * 1024;

const QUEUE_FULL = new Error("too much waits to be sent");

/** Addresses are never names: nothing is looked up, and binding and connecting are done when the call returns. */
const lookup = ((ip: string, _options: unknown, callback: (error: null, ip: string, family: number) => void): void =>
  callback(null, ip, isIP(ip))) as NonNullable<dgram.SocketOptions["lookup"]>;

/** A UDP socket, with its errors owned and what waits in it bounded. Lives on one thread. */
export class UdpSocket {
  readonly #socket: dgram.Socket;
  #closed = false;

  private constructor(socket: dgram.Socket, callbacks: UdpSocketCallbacks) {
    this.#socket = socket;
    socket.on("message", (data, { address, port }) => callbacks.onDatagram(data, address, port));
    socket.on("error", (error) => callbacks.onReceiveError(error));
  }

  /** A socket at an address. Throws the operating system's error if it can't be had. */
  static bound({ ip, port, ipv6Only, reusePort }: UdpBinding, callbacks: UdpSocketCallbacks): UdpSocket {
    const type = isIP(ip) === 6 ? "udp6" : "udp4";
    const socket = dgram.createSocket({ type, reusePort, ipv6Only, lookup });
    let failure: Error | undefined;
    const onError = (error: Error): void => {
      failure = error;
    };
    socket.on("error", onError);
    socket.bind({ address: ip, port, exclusive: true });
    if (failure !== undefined) {
      socket.close();
      throw failure;
    }
    socket.off("error", onError);
    return new UdpSocket(socket, callbacks);
  }

  /** A socket of any port that talks to one peer alone. */
  static connected(ip: string, port: number, callbacks: UdpSocketCallbacks): UdpSocket {
    const socket = dgram.createSocket({ type: isIP(ip) === 6 ? "udp6" : "udp4", lookup });
    const udp = new UdpSocket(socket, callbacks);
    socket.connect(port, ip);
    return udp;
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** What it is bound to, as text. */
  get localAddress(): string {
    const { address, port } = this.#socket.address();
    return formatIpPort(address, port);
  }

  /** Sends to the peer of a connected socket. */
  send(data: Buffer, done: UdpSendDone): void {
    if (this.#mayQueue(data, done)) this.#socket.send(data, done);
  }

  /** Sends to any peer. */
  sendTo(data: Buffer, ip: string, port: number, done: UdpSendDone): void {
    if (this.#mayQueue(data, done)) this.#socket.send(data, port, ip, done);
  }

  /** Nothing is told after it but what becomes of datagrams that were sent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.removeAllListeners("message");
    this.#socket.close();
  }

  #mayQueue(data: Buffer, done: UdpSendDone): boolean {
    if (this.#closed) return false;
    if (this.#socket.getSendQueueSize() + data.length <= MAX_QUEUED_BYTES) return true;
    done(QUEUE_FULL, 0);
    return false;
  }
}
