import net from "node:net";
import type { Logger } from "../../base/log.ts";
import { formatAddress } from "../../net/address.ts";
import type { Counter } from "../../stats/scope.ts";
import type { LineDestination } from "./line-destination.ts";
import type { ClusterHosts } from "./stats-sink-environment.ts";

/** Waiting bytes at which a connection that takes nothing is given up; as in Envoy. */
const MAX_WAITING_BYTES = 16 * 1024 * 1024;

/**
 * Sends lines over one TCP connection to a host of a cluster, opened when there is something to send, and anew on another host when it has
 * broken. Lines that no connection takes are lost. Source: Envoy's `TcpStatsdSink`.
 */
export class TcpLines implements LineDestination {
  readonly #cluster: string;
  readonly #hosts: ClusterHosts;
  readonly #overflow: Counter;
  readonly #log: Logger;
  #socket: net.Socket | null = null;
  #connecting = false;
  #next = 0;
  #failing = false;
  #closed = false;

  /** `overflow` is `statsd.cx_overflow`. */
  constructor(cluster: string, hosts: ClusterHosts, overflow: Counter, log: Logger) {
    this.#cluster = cluster;
    this.#hosts = hosts;
    this.#overflow = overflow;
    this.#log = log;
  }

  send(lines: Iterable<string>): void {
    const text = [...lines].map((line) => `${line}\n`).join("");
    if (this.#socket !== null) this.#write(this.#socket, text);
    else if (!this.#connecting) void this.#connect(text);
  }

  close(): void {
    this.#closed = true;
    this.#socket?.destroy();
  }

  async #connect(text: string): Promise<void> {
    this.#connecting = true;
    const hosts = await this.#hosts(this.#cluster).catch(() => []);
    this.#connecting = false;
    if (this.#closed) return;
    const address = hosts[this.#next++ % Math.max(1, hosts.length)];
    if (address === undefined) {
      this.#fail("the cluster has no hosts");
      return;
    }
    const socket =
      address.type === "ip" ? net.connect({ host: address.ip, port: address.port }) : net.connect(address.path);
    this.#socket = socket;
    socket.unref();
    socket.setNoDelay(true);
    socket.resume();
    socket.on("connect", () => {
      this.#failing = false;
    });
    socket.on("error", (error) => this.#fail(`${formatAddress(address)}: ${error.message}`));
    socket.on("close", () => {
      if (this.#socket === socket) this.#socket = null;
    });
    this.#write(socket, text);
  }

  #write(socket: net.Socket, text: string): void {
    socket.write(text);
    if (socket.writableLength <= MAX_WAITING_BYTES) return;
    this.#overflow.inc();
    socket.destroy();
  }

  #fail(reason: string): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#log.warn({ cluster: this.#cluster, reason }, "stats can't be sent");
  }
}
