import dgram from "node:dgram";
import { once } from "node:events";
import { PATIENCE_MS, until } from "./until.ts";

/** Where a client sends from (127.0.0.1 by default), and to (the same address). */
export interface UdpClientOptions {
  readonly from?: string;
  readonly host?: string;
}

/** A UDP client on a port of its own. */
export class UdpClient {
  readonly #socket: dgram.Socket;
  readonly #port: number;
  readonly #host: string;
  /** The answers, oldest first. */
  readonly received: string[] = [];

  private constructor(socket: dgram.Socket, port: number, host: string) {
    this.#socket = socket;
    this.#port = port;
    this.#host = host;
    socket.on("message", (data) => this.received.push(data.toString("latin1")));
    socket.on("error", () => {});
  }

  /** Sends to `port`; `from` is its own address. */
  static async open(port: number, options: UdpClientOptions = {}): Promise<UdpClient> {
    const { from = "127.0.0.1", host = from } = options;
    const socket = dgram.createSocket(from.includes(":") ? "udp6" : "udp4");
    socket.bind(0, from);
    await once(socket, "listening");
    return new UdpClient(socket, port, host);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(data: string | Buffer): void {
    this.#socket.send(data, this.#port, this.#host);
  }

  /** Sends and resolves with the next answer. Nothing is lost on loopback but what a proxy that is starting up drops. */
  async ask(data: string, deadlineMs = PATIENCE_MS): Promise<string> {
    const before = this.received.length;
    this.send(data);
    await until(`the answer to ${data}`, () => this.received.length > before, deadlineMs);
    return this.received[before]!;
  }

  close(): void {
    this.#socket.close();
  }
}

/** A UDP server that answers with its name, where the datagram came from, and the datagram. */
export class UdpEcho {
  readonly #socket: dgram.Socket;
  readonly #name: string;
  /** Ports that datagrams came from, each once. */
  readonly peers = new Set<number>();
  /** Whether it answers. */
  answers = true;
  received = 0;

  private constructor(socket: dgram.Socket, name: string) {
    this.#socket = socket;
    this.#name = name;
    socket.on("message", (data, peer) => {
      this.received++;
      this.peers.add(peer.port);
      if (!this.answers) return;
      const text = data.toString("latin1");
      const answer = text.startsWith("large ")
        ? "x".repeat(Number(text.slice(6)))
        : `${this.#name} ${peer.port} ${text}`;
      socket.send(answer, peer.port, peer.address);
    });
  }

  static async start(name: string, host = "127.0.0.1"): Promise<UdpEcho> {
    const socket = dgram.createSocket(host.includes(":") ? "udp6" : "udp4");
    socket.bind(0, host);
    await once(socket, "listening");
    return new UdpEcho(socket, name);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  /** Sends to a port it has heard of. */
  send(text: string, port: number): void {
    this.#socket.send(text, port, "127.0.0.1");
  }

  close(): void {
    this.#socket.close();
  }
}
