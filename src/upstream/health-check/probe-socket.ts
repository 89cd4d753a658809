import net from "node:net";
import type { Address } from "../../net/address.ts";

/** What a probe hears of its connection. Each but `onData` at most once; nothing after `onClosed` or `destroy`. */
export interface ProbeSocketCallbacks {
  onConnected(): void;
  /** The bytes are the callee's. */
  onData(data: Buffer): void;
  /** The peer ended it, or it failed, also while connecting. */
  onClosed(): void;
}

/** The connection of a probe: one owner for its errors, and silence once it is given up. */
export class ProbeSocket {
  readonly #socket: net.Socket;
  #callbacks: ProbeSocketCallbacks | null;

  /** Begins to connect. */
  constructor(address: Address, callbacks: ProbeSocketCallbacks) {
    this.#callbacks = callbacks;
    this.#socket = net.connect(connectOptions(address));
    this.#socket.on("connect", () => this.#callbacks?.onConnected());
    this.#socket.on("data", (data: Buffer) => this.#callbacks?.onData(data));
    this.#socket.on("error", () => {});
    // The event after an error, too; a peer that has ended is done for checks.
    this.#socket.on("end", () => this.#onClosed());
    this.#socket.on("close", () => this.#onClosed());
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  writeLatin1(text: string): void {
    this.#socket.write(text, "latin1");
  }

  readDisable(disable: boolean): void {
    if (disable) this.#socket.pause();
    else this.#socket.resume();
  }

  /** Ends the connection at once; nothing is called back. */
  destroy(): void {
    this.#callbacks = null;
    this.#socket.destroy();
  }

  #onClosed(): void {
    const callbacks = this.#callbacks;
    this.destroy();
    callbacks?.onClosed();
  }
}

function connectOptions(address: Address): net.NetConnectOpts {
  if (address.type === "ip") return { host: address.ip, port: address.port, noDelay: true };
  return { path: address.path.startsWith("@") ? `\0${address.path.slice(1)}` : address.path };
}
