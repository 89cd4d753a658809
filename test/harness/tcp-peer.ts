import { once } from "node:events";
import net from "node:net";
import { resetSocket } from "./reset-socket.ts";
import { until } from "./until.ts";

/** One end of a plain TCP connection: keeps what came and what became of it. Never throws by itself. */
export class TcpPeer {
  readonly socket: net.Socket;
  /** The peer's FIN has come. */
  ended = false;
  closed = false;
  /** The system's word for what broke the connection; `""` if nothing did. */
  error = "";
  bytesReceived = 0;
  readonly #chunks: Buffer[] = [];

  /** `keep` false only counts what comes. */
  constructor(socket: net.Socket, keep = true) {
    this.socket = socket;
    socket.on("data", (chunk: Buffer) => {
      this.bytesReceived += chunk.length;
      if (keep) this.#chunks.push(chunk);
    });
    socket.on("end", () => {
      this.ended = true;
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.error = error.code ?? error.message;
    });
    socket.on("close", () => {
      this.closed = true;
    });
  }

  /** Connects to 127.0.0.1; stays half open when the other side ends. */
  static async connect(port: number, keep = true): Promise<TcpPeer> {
    const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
    const peer = new TcpPeer(socket, keep);
    await once(socket, "connect");
    return peer;
  }

  /** All that came, as latin1 text. */
  get text(): string {
    return this.bytes.toString("latin1");
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  write(data: string | Buffer): void {
    this.socket.write(data);
  }

  /** Sends FIN; reading goes on. */
  end(): void {
    this.socket.end();
  }

  reset(): void {
    resetSocket(this.socket);
  }

  destroy(): void {
    this.socket.destroy();
  }

  /** Resolves when all that came is this. */
  async untilText(text: string): Promise<void> {
    await until(`"${text}" instead of "${this.text}"`, () => this.text === text);
  }

  async untilEnded(): Promise<void> {
    await until("the peer's end", () => this.ended);
  }

  /** Resolves when the other side has left: by its end, or by a reset, as for bytes that it had not read. */
  async untilGone(): Promise<void> {
    await until("the peer to leave", () => this.ended || this.closed);
  }

  async untilClosed(): Promise<void> {
    await until("the end of the connection", () => this.closed);
  }
}

/** A TCP server on a free port of 127.0.0.1 that does nothing by itself; a test plays its connections. */
export class TcpUpstream {
  readonly port: number;
  readonly connections: TcpPeer[] = [];
  readonly #server: net.Server;
  #onConnection: ((peer: TcpPeer) => void) | null = null;

  private constructor(server: net.Server, keep: boolean) {
    this.#server = server;
    this.port = (server.address() as net.AddressInfo).port;
    server.on("connection", (socket) => {
      const peer = new TcpPeer(socket, keep);
      this.connections.push(peer);
      this.#onConnection?.(peer);
    });
  }

  /** `keep` false only counts what its connections receive. */
  static async start(keep = true): Promise<TcpUpstream> {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new TcpUpstream(server, keep);
  }

  /** Called with each connection from now on. */
  onConnection(callback: (peer: TcpPeer) => void): void {
    this.#onConnection = callback;
  }

  /** Resolves with connection number `count`. */
  async connection(count = 1): Promise<TcpPeer> {
    await until(`${count} connections`, () => this.connections.length >= count);
    return this.connections[count - 1]!;
  }

  async close(): Promise<void> {
    for (const { socket } of this.connections) socket.destroy();
    this.#server.close();
    await once(this.#server, "close");
  }
}
