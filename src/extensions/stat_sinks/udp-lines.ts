import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Logger } from "../../base/log.ts";
import type { LineDestination } from "./line-destination.ts";

/** Sends lines as datagrams: each on its own, or as many in one as fit. Losses are silent, as UDP is; the first error is logged. */
export class UdpLines implements LineDestination {
  readonly #ip: string;
  readonly #port: number;
  readonly #maxBytes: number;
  readonly #log: Logger;
  readonly #socket: Socket;
  #failing = false;

  /** `maxBytes` 0 = one line in each datagram. */
  constructor(ip: string, port: number, maxBytes: number, log: Logger) {
    this.#ip = ip;
    this.#port = port;
    this.#maxBytes = maxBytes;
    this.#log = log;
    this.#socket = createSocket(isIPv6(ip) ? "udp6" : "udp4");
    this.#socket.on("error", (error) => this.#onError(error));
    this.#socket.unref();
  }

  send(lines: Iterable<string>): void {
    let gathered = "";
    for (const line of lines) {
      if (gathered !== "" && gathered.length + 1 + line.length > this.#maxBytes) {
        this.#sendDatagram(gathered);
        gathered = "";
      }
      gathered = gathered === "" ? line : `${gathered}\n${line}`;
    }
    if (gathered !== "") this.#sendDatagram(gathered);
  }

  close(): void {
    this.#socket.close();
  }

  #sendDatagram(text: string): void {
    this.#socket.send(text, this.#port, this.#ip, (error) => {
      if (error !== null) this.#onError(error);
      else this.#failing = false;
    });
  }

  #onError(error: Error): void {
    if (this.#failing) return;
    this.#failing = true;
    this.#log.warn({ to: `${this.#ip}:${this.#port}`, error: error.message }, "stats can't be sent");
  }
}
