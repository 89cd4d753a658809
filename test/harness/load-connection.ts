import net from "node:net";
import { type Http1Message, Http1MessageReader, headerValue } from "./http1-message-reader.ts";
import type { LoadFailure, LoadTally } from "./load-report.ts";
import type { LoadRequest } from "./load-request.ts";

/** What a slot needs to know; see `LoadClientOptions` for the meaning of each. */
export interface LoadConnectionSettings {
  readonly port: number;
  readonly host: string;
  readonly request: (connection: number, sequence: number) => LoadRequest | undefined;
  readonly expectStatus: (status: number) => boolean;
  readonly thinkTimeMs: number;
  readonly requestsPerConnection: number;
  readonly requestTimeoutMs: number;
  readonly keepBody: boolean;
}

/** Waits before a slot tries again after a failed connection, so that a dead server is not hammered. */
const RECONNECT_PAUSE_MS = 20;

/** One slot of a `LoadClient`: a connection at a time, replaced when it ends, with one request under way at a time. */
export class LoadConnection {
  /** Resolves when the slot has stopped, by `stop` or for want of requests. */
  readonly whenStopped: Promise<void>;
  readonly #index: number;
  readonly #settings: LoadConnectionSettings;
  readonly #tally: LoadTally;
  readonly #first = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  #socket: net.Socket | undefined;
  #reader: Http1MessageReader | undefined;
  #request: LoadRequest | undefined;
  #sequence = 0;
  #answersHere = 0;
  #sentAtMs = 0;
  #answerBegun = false;
  #stopping = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(index: number, settings: LoadConnectionSettings, tally: LoadTally) {
    this.#index = index;
    this.#settings = settings;
    this.#tally = tally;
    this.whenStopped = this.#stopped.promise;
  }

  /** Connects and begins. Resolves after the first response, or the first failure. */
  start(): Promise<void> {
    this.#next();
    return this.#first.promise;
  }

  /** Lets the request under way finish, then closes. */
  stop(): Promise<void> {
    this.#stopping = true;
    if (this.#request === undefined) this.#quit();
    return this.whenStopped;
  }

  #connect(): void {
    const socket = net.connect({ port: this.#settings.port, host: this.#settings.host, noDelay: true });
    this.#socket = socket;
    this.#answersHere = 0;
    this.#reader = new Http1MessageReader(
      { kind: "response", keepBody: this.#settings.keepBody },
      { message: (message) => this.#answered(socket, message) },
    );
    let connected = false;
    let reason = "FIN";
    socket.on("connect", () => {
      connected = true;
      this.#tally.connectionsOpened += 1;
      this.#send(socket);
    });
    socket.on("data", (chunk: Buffer) => this.#read(socket, chunk));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      reason = error.code ?? error.message;
    });
    socket.on("end", () => socket.destroy());
    socket.on("close", () => {
      if (this.#socket !== socket) return;
      this.#socket = undefined;
      if (connected) this.#lost(reason);
      else this.#fail("refused", reason);
    });
  }

  /** Goes on with the next request, on the open connection or a new one; stops when there is none. */
  #next(): void {
    const request = this.#stopping ? undefined : this.#settings.request(this.#index, this.#sequence);
    if (request === undefined) {
      this.#quit();
      return;
    }
    this.#request = request;
    this.#answerBegun = false;
    if (this.#socket === undefined) this.#connect();
    else this.#send(this.#socket);
  }

  #send(socket: net.Socket): void {
    if (this.#request === undefined) throw new Error("nothing to send");
    this.#reader?.expect(this.#request.method ?? "GET");
    this.#sentAtMs = performance.now();
    socket.write(this.#request.bytes);
    this.#setTimer(this.#settings.requestTimeoutMs, () => {
      this.#drop(socket);
      this.#fail("timed-out", `no whole response within ${this.#settings.requestTimeoutMs} ms`);
    });
  }

  #read(socket: net.Socket, chunk: Buffer): void {
    if (this.#socket !== socket) return;
    if (this.#request === undefined) {
      this.#drop(socket);
      this.#fail("malformed", `bytes without a request: ${JSON.stringify(chunk.toString("latin1", 0, 60))}`);
      return;
    }
    this.#answerBegun = true;
    try {
      this.#reader?.push(chunk);
    } catch (error) {
      this.#drop(socket);
      this.#fail("malformed", error instanceof Error ? error.message : String(error));
    }
  }

  #answered(socket: net.Socket, message: Http1Message): void {
    const request = this.#request;
    if (request === undefined) throw new Error("a response that nothing asked for");
    const latencyMs = performance.now() - this.#sentAtMs;
    const status = Number(message.startLine.split(" ")[1]);
    this.#request = undefined;
    clearTimeout(this.#timer);
    if (this.#settings.expectStatus(status)) this.#tally.succeeded(latencyMs);
    else this.#note("bad-status", `${message.startLine} ${message.body.toString("latin1", 0, 100)}`.trim());
    this.#sequence += 1;
    this.#answersHere += 1;
    request.onResponse?.(status, message.body, latencyMs);
    this.#first.resolve();
    if (this.#reader?.atBoundary === false) {
      this.#drop(socket);
      this.#fail("malformed", "more bytes than the response has");
      return;
    }
    // Without a socket the end of the connection was the end of the body, which is an announcement too.
    if (announcesClose(message) || this.#socket === undefined) {
      this.#tally.closedAnnounced += 1;
      this.#drop(socket);
      this.#next();
    } else if (this.#answersHere >= this.#settings.requestsPerConnection) {
      this.#drop(socket);
      this.#next();
    } else if (this.#settings.thinkTimeMs > 0 && !this.#stopping) {
      // What has come while the thread was held up is seen first: the end of the connection may be among it.
      const goOn = (): void => {
        if (this.#socket === socket) this.#next();
      };
      this.#setTimer(this.#settings.thinkTimeMs, () => void setImmediate(goOn));
    } else {
      this.#next();
    }
  }

  /** The server ended a connection that had been open. */
  #lost(reason: string): void {
    const sequence = this.#sequence;
    // A body that only the end of the connection delimits is complete now.
    if (this.#request !== undefined && reason === "FIN") this.#reader?.end();
    if (this.#sequence !== sequence) return;
    if (this.#request !== undefined) {
      this.#fail(this.#answerBegun ? "closed-mid-response" : "closed-before-response", reason);
      return;
    }
    clearTimeout(this.#timer);
    this.#tally.closedUnannounced += 1;
    this.#next();
  }

  #fail(kind: LoadFailure, detail: string): void {
    clearTimeout(this.#timer);
    this.#note(kind, detail);
    this.#request = undefined;
    this.#sequence += 1;
    this.#first.resolve();
    if (this.#stopping) this.#quit();
    else this.#setTimer(RECONNECT_PAUSE_MS, () => this.#next());
  }

  #note(kind: LoadFailure, detail: string): void {
    this.#tally.failed(kind, this.#index, this.#sequence, detail);
  }

  #quit(): void {
    clearTimeout(this.#timer);
    if (this.#socket !== undefined) this.#drop(this.#socket);
    this.#first.resolve();
    this.#stopped.resolve();
  }

  /** Leaves a connection of our own accord: what it does from now on is not counted. */
  #drop(socket: net.Socket): void {
    if (this.#socket === socket) this.#socket = undefined;
    socket.destroy();
  }

  #setTimer(afterMs: number, run: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(run, afterMs);
  }
}

function announcesClose(message: Http1Message): boolean {
  const connection = headerValue(message.headers, "connection");
  if (connection !== undefined && /(^|,)\s*close\s*(,|$)/i.test(connection)) return true;
  return message.startLine.startsWith("HTTP/1.0") && !/keep-alive/i.test(connection ?? "");
}
