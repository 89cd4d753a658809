import { once } from "node:events";
import net from "node:net";
import { type Http1Message, Http1MessageReader, headerValue } from "./http1-message-reader.ts";

/** A response, with what tests ask of it. */
export interface ClientResponse {
  readonly status: number;
  readonly body: string;
  header(name: string): string | undefined;
}

/** What is sent. Default: `GET /`. */
export interface ClientRequest {
  readonly method?: string;
  readonly target?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/**
 * One HTTP/1.1 connection of a test, on a raw socket: nothing is retried, reopened or hidden. Requests are answered in the order
 * they were sent.
 */
export class Http1Client {
  readonly socket: net.Socket;
  readonly #reader: Http1MessageReader;
  readonly #waiting: PromiseWithResolvers<ClientResponse>[] = [];
  #ended = false;
  #failure = "";

  private constructor(socket: net.Socket) {
    this.socket = socket;
    this.#reader = new Http1MessageReader(
      { kind: "response" },
      { message: (message) => this.#waiting.shift()?.resolve(response(message)) },
    );
    socket.on("data", (chunk: Buffer) => this.#reader.push(chunk));
    socket.on("end", () => {
      this.#ended = true;
      this.#reader.end();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      this.#failure = error.code ?? error.message;
    });
    socket.on("close", () => {
      const reason = new Error(`the connection ended before the response: ${this.#failure || "FIN"}`);
      for (const waiting of this.#waiting.splice(0)) waiting.reject(reason);
    });
  }

  /** Connects to a loopback port or to the path of a Unix-domain socket. Rejects if that is refused. */
  static async connect(to: number | string): Promise<Http1Client> {
    const socket = typeof to === "number" ? net.connect(to, "127.0.0.1") : net.connect(to);
    await once(socket, "connect");
    return new Http1Client(socket);
  }

  /** Whether the proxy has ended the connection. */
  get closed(): boolean {
    return this.#ended || this.socket.destroyed;
  }

  /** Rejects when the connection ends before the whole response. */
  request(request: ClientRequest = {}): Promise<ClientResponse> {
    const { method = "GET", target = "/", headers = {}, body = "" } = request;
    const fields = { host: "test", ...(body !== "" && { "content-length": String(body.length) }), ...headers };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
    return this.send(method, `${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n${body}`);
  }

  /** Sends a request as these bytes. */
  send(method: string, bytes: string): Promise<ClientResponse> {
    const waiting = Promise.withResolvers<ClientResponse>();
    // Whoever gave up on the response must not die of it.
    waiting.promise.catch(() => {});
    this.#reader.expect(method);
    this.#waiting.push(waiting);
    this.socket.write(bytes, "latin1");
    return waiting.promise;
  }

  /** Leaves. */
  close(): void {
    this.socket.destroy();
  }
}

/** One request on a connection of its own. */
export async function requestOnce(to: number | string, request: ClientRequest = {}): Promise<ClientResponse> {
  const client = await Http1Client.connect(to);
  try {
    return await client.request(request);
  } finally {
    client.close();
  }
}

function response({ startLine, headers, body }: Http1Message): ClientResponse {
  return {
    status: Number(startLine.split(" ")[1]),
    body: body.toString("latin1"),
    header: (name) => headerValue(headers, name),
  };
}
