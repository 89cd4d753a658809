import { once } from "node:events";
import net from "node:net";

/**
 * An HTTP/1 server that answers every GET with its marker as the body, as cheaply as JavaScript can. It counts requests
 * by the empty line that ends a head: requests with bodies are not for it.
 */
export class MarkerServer {
  readonly port: number;
  readonly #server: net.Server;
  readonly #sockets = new Set<net.Socket>();
  /** Connections that have ended, whoever ended them. */
  closedCount = 0;

  private constructor(server: net.Server, port: number, marker: string) {
    this.#server = server;
    this.port = port;
    const response = `HTTP/1.1 200 OK\r\ncontent-length: ${Buffer.byteLength(marker)}\r\n\r\n${marker}`;
    server.on("connection", (socket) => this.#serve(socket, response));
  }

  static async start(marker: string): Promise<MarkerServer> {
    const server = net.createServer({ noDelay: true });
    server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return new MarkerServer(server, address.port, marker);
  }

  stop(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: net.Socket, response: string): void {
    let tail = "";
    this.#sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.closedCount++;
    });
    socket.on("data", (chunk: Buffer) => {
      const parts = (tail + chunk.toString("latin1")).split("\r\n\r\n");
      tail = parts.pop() ?? "";
      if (parts.length > 0) socket.write(parts.length === 1 ? response : response.repeat(parts.length));
    });
  }
}
