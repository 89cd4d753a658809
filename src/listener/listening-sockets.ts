import { accessSync, chmodSync, constants, rmSync, statSync } from "node:fs";
import net from "node:net";
import { dirname } from "node:path";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import { formatIpPort } from "../net/address.ts";
import type { ActiveListener } from "./active-listener.ts";
import { socketAddresses, socketKey } from "./listener-data.ts";
import { applySocketOptions, type SocketOptionsData } from "./socket-options.ts";

/** A listening socket on its way to another worker. `key` says what it is bound to. */
export interface HandedServer {
  readonly key: string;
  readonly server: net.Server;
}

/** How many listening sockets of which key. */
export interface ServerCount {
  readonly key: string;
  readonly count: number;
}

/** A bound socket from the main thread, for this worker to listen on. */
export interface HandedSocket {
  readonly key: string;
  readonly socket: net.BoundSocket;
}

/** What is known under one key. */
interface Entry {
  readonly key: string;
  readonly servers: Set<net.Server>;
  listener: ActiveListener;
  options: SocketOptionsData | null;
  /** Text of the bound address if it is a single one, else empty. */
  boundText: string;
}

const ERROR_LOG_INTERVAL_MS = 1000;
const SERVER_OPTIONS: net.ServerOpts = { noDelay: true, allowHalfOpen: true };

/**
 * The listening sockets of one worker, by what they are bound to, and which listener each one feeds. A listener's
 * new version, or a renamed one, takes over the sockets as they are: no connection in their queues is lost.
 */
export class ListeningSockets {
  readonly #entries = new Map<string, Entry>();
  readonly #clock: Clock;
  readonly #log: Logger;
  #errorLoggedAtMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Gives a connection that was accepted elsewhere to the listener whose sockets have this key. One that nobody wants is closed. */
  accept(key: string, socket: net.Socket): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) socket.destroy();
    else accept(entry, socket, "");
  }

  /** How many sockets listen under this key. */
  count(key: string): number {
    return this.#entries.get(key)?.servers.size ?? 0;
  }

  /** Makes the sockets feed the given listeners from now on; those that none of them wants are closed. */
  assign(listeners: Iterable<ActiveListener>): void {
    const wanted = new Map<string, Pick<Entry, "listener" | "options">>();
    for (const listener of listeners) {
      for (const address of socketAddresses(listener.data)) {
        wanted.set(socketKey(listener.data, address), { listener, options: address.socketOptions ?? null });
      }
    }
    for (const [key, entry] of this.#entries) {
      if (!wanted.has(key)) this.#close(entry);
    }
    for (const [key, feeds] of wanted) {
      const entry = this.#entries.get(key);
      if (entry === undefined) this.#entries.set(key, { key, ...feeds, servers: new Set(), boundText: "" });
      else Object.assign(entry, feeds);
    }
  }

  /** Begins to accept on a bound socket. One with a key that nobody wants is closed. */
  listen({ key, socket }: HandedSocket): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      socket.close();
      return;
    }
    const server = this.#add(entry, net.createServer(SERVER_OPTIONS));
    server.listen({ handle: socket, backlog: entry.listener.data.backlog });
  }

  /**
   * Binds and listens on a Unix-domain socket. Such sockets can't be moved between threads, so one worker does it for all.
   * A file that is there already is replaced, as in Envoy. What `pipeProblem` did not foresee is logged.
   */
  listenOnPipe(key: string, path: string, mode: number): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    const server = this.#add(entry, net.createServer(SERVER_OPTIONS));
    entry.boundText = path;
    try {
      if (!isAbstract(path)) rmSync(path, { force: true });
      const systemPath = isAbstract(path) ? `\0${path.slice(1)}` : path;
      server.listen({ path: systemPath, backlog: entry.listener.data.backlog });
      if (!isAbstract(path) && mode !== 0 && server.listening) chmodSync(path, mode);
    } catch (error) {
      this.#failed(entry, error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Goes on accepting with a listening socket of another worker. One with a key that nobody wants is closed. */
  adopt({ key, server }: HandedServer): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) server.close();
    else this.#add(entry, server);
  }

  /**
   * Gives up sockets that can be moved: all, or so many of these keys as there are. They have to be transferred within this
   * turn of the event loop: meanwhile new connections wait in the kernel.
   */
  take(which: "all" | readonly ServerCount[]): HandedServer[] {
    const counts =
      which === "all" ? [...this.#entries.keys()].map((key) => ({ key, count: Number.POSITIVE_INFINITY })) : which;
    return counts.flatMap(({ key, count }) => {
      const servers = this.#entries.get(key)?.servers ?? new Set();
      const movable = [...servers].filter((server) => server.listening && typeof server.address() !== "string");
      return movable.slice(0, count).map((server) => {
        server.removeAllListeners();
        servers.delete(server);
        return { key, server };
      });
    });
  }

  /** Stops accepting for the listeners of which `which` is true. What waits in their queues is reset by the kernel. */
  close(which: (listener: ActiveListener) => boolean = () => true): void {
    for (const entry of this.#entries.values()) if (which(entry.listener)) this.#close(entry);
  }

  /** The addresses a listener accepts on here, as text. */
  boundAddresses(listener: ActiveListener): string[] {
    const texts: string[] = [];
    for (const entry of this.#entries.values()) {
      if (entry.listener !== listener) continue;
      for (const server of entry.servers) texts.push(addressText(server));
    }
    return texts;
  }

  #add(entry: Entry, server: net.Server): net.Server {
    entry.servers.add(server);
    server.on("connection", (socket) => accept(entry, socket, entry.boundText));
    server.on("error", (error) => this.#failed(entry, error));
    const know = (): void => {
      const address = server.address();
      if (address !== null && typeof address !== "string" && !isWildcard(address.address)) {
        entry.boundText = addressText(server);
      }
    };
    if (server.listening) know();
    else server.once("listening", know);
    return server;
  }

  /** Out of file descriptors, each connection that waits is an error: only some are logged. */
  #failed(entry: Entry, error: Error): void {
    const now = this.#clock.nowMs();
    if (now - this.#errorLoggedAtMs < ERROR_LOG_INTERVAL_MS) return;
    this.#errorLoggedAtMs = now;
    this.#log.error({ listener: entry.listener.data.name, error: error.message }, "listening socket failed");
  }

  #close(entry: Entry): void {
    for (const server of entry.servers) server.close();
    this.#entries.delete(entry.key);
  }
}

function accept({ listener, options }: Entry, socket: net.Socket, localAddress: string): void {
  if (options !== null) applySocketOptions(socket, options);
  listener.accept(socket, localAddress);
}

/** Why a Unix-domain socket can't be made at this path, as far as one can tell beforehand; null if nothing is known. */
export function pipeProblem(path: string): string | null {
  if (isAbstract(path)) return null;
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch (error) {
    const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
    return missing ? "there is no such folder" : "the folder can't be written to";
  }
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? "it is a folder" : null;
}

/** Names in Linux's abstract namespace are no files. */
function isAbstract(path: string): boolean {
  return path.startsWith("@");
}

function isWildcard(ip: string): boolean {
  return ip === "0.0.0.0" || ip === "::";
}

function addressText(server: net.Server): string {
  const address = server.address();
  if (address === null) return "";
  return typeof address === "string" ? address : formatIpPort(address.address, address.port);
}
