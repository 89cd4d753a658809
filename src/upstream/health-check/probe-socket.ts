import net from "node:net";
import type { LateWriter } from "../../base/late-writer.ts";
import type { LateSink } from "../../http/http2/late-sink.ts";
import { type Address, formatAddress } from "../../net/address.ts";
import type { ProxiedEnds } from "../../net/proxy-protocol/header-writer.ts";
import { ownEnds } from "../../net/proxy-protocol/own-ends.ts";
import { closeReason } from "../connect/connect-error.ts";
import { targetOptions } from "../connect/happy-eyeballs.ts";
import { bindOptions, type SourceAddressData } from "../connect/source-address.ts";
import type { ProbeTarget } from "./probe.ts";

/** What a probe hears of its connection. Each but `onData` at most once; nothing after `onClosed` or `destroy`. */
export interface ProbeSocketCallbacks {
  onConnected(): void;
  /** The bytes are the callee's. */
  onData(data: Buffer): void;
  /** The peer ended it, or it failed, also while connecting or in the TLS handshake. `why` is for people. */
  onClosed(why: string): void;
}

/** The connection of a probe: one owner for its errors, and silence once it is given up. */
export class ProbeSocket implements LateSink {
  readonly #socket: net.Socket;
  #callbacks: ProbeSocketCallbacks | null;
  #why = "the host closed the connection";

  /** Begins to connect. `alpnFallback`: see `UpstreamSocketRequest`; null = nothing is offered. */
  constructor(target: ProbeTarget, alpnFallback: string | null, callbacks: ProbeSocketCallbacks) {
    this.#callbacks = callbacks;
    this.#socket = connect(target, alpnFallback);
    const usable = "encrypted" in this.#socket ? "secureConnect" : "connect";
    this.#socket.on(usable, () => {
      // A transport socket that refuses the peer destroys the socket in this very event.
      if (!this.#socket.destroyed) this.#callbacks?.onConnected();
    });
    this.#socket.on("data", (data: Buffer) => this.#callbacks?.onData(data));
    this.#socket.on("error", (error: NodeJS.ErrnoException) => {
      this.#why = closeReason(error.code ?? error.message);
    });
    // The event after an error, too; a peer that has ended is done for checks.
    this.#socket.on("end", () => this.#onClosed());
    this.#socket.on("close", () => this.#onClosed());
  }

  /** Bytes that the operating system has not taken. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Where the connection goes from and to; for when it is there. */
  get ends(): ProxiedEnds {
    return ownEnds(this.#socket);
  }

  write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  writeLatin1(text: string): void {
    this.#socket.write(text, "latin1");
  }

  writeLater(writer: LateWriter): void {
    queueMicrotask(() => {
      if (this.#callbacks !== null) writer.writeLate();
    });
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
    callbacks?.onClosed(this.#why);
  }
}

function connect(
  { address, transportSocket, alpnProtocols, additionalIps = [], sourceAddresses }: ProbeTarget,
  alpnFallback: string | null,
): net.Socket {
  const options = connectOptions(address, sourceAddresses.length === 0 ? additionalIps : [], sourceAddresses);
  return transportSocket === null
    ? net.connect(options)
    : transportSocket.connect({
        options,
        server: formatAddress(address),
        alpnFallback: alpnFallback ?? undefined,
        alpnProtocols: alpnProtocols.length === 0 ? undefined : alpnProtocols,
      });
}

function connectOptions(
  address: Address,
  additionalIps: readonly string[],
  sources: readonly SourceAddressData[],
): net.NetConnectOpts {
  if (address.type === "ip")
    return {
      ...targetOptions(address.ip, additionalIps),
      port: address.port,
      noDelay: true,
      ...bindOptions(address.ip, sources),
    };
  return { path: address.path.startsWith("@") ? `\0${address.path.slice(1)}` : address.path };
}
