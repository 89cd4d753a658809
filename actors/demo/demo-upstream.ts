import { once } from "node:events";
import { createServer, type Server } from "node:http";

/** An HTTP server of the demo: answers each request with its own name and with what was asked. Main thread. */
export class DemoUpstream {
  readonly name: string;
  readonly port: number;
  readonly #server: Server;

  private constructor(name: string, port: number, server: Server) {
    this.name = name;
    this.port = port;
    this.#server = server;
  }

  /** Listens on a free port of 127.0.0.1. */
  static async start(name: string): Promise<DemoUpstream> {
    const server = createServer((request, response) => {
      request.resume();
      response.setHeader("content-type", "text/plain");
      response.end(`${name} answers ${request.method} ${request.url}\n`);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error(`${name} has no port`);
    return new DemoUpstream(name, address.port, server);
  }

  /** Stops at once: the proxy in front has drained before. */
  async stop(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    if (this.#server.listening) await once(this.#server, "close");
  }
}
