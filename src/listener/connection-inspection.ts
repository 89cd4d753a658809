import { Buffer } from "node:buffer";
import type net from "node:net";
import type { TimerWheel, WheelTimer } from "../base/timer-wheel.ts";
import { type InspectedConnection, InspectionStatus, type ListenerFilter } from "../net/listener-filter.ts";

const FIRST_CAPACITY_BYTES = 4096;

/** How an inspection ends. */
export type InspectionEnd = "passed" | "refused" | "remoteClose" | "timeout" | "cancelled";

/** What an inspection needs besides its socket. */
export interface InspectionOptions {
  readonly timers: TimerWheel;
  /** How long it may take; 0 is for ever. */
  readonly timeoutMs: number;
  /** Whether the connection passes when that is over, with what is known by then. */
  readonly continueOnTimeout: boolean;
  /** At least one, in order. */
  readonly filters: readonly ListenerFilter[];
  readonly maxPeekBytes: number;
  /** Called once, and never from the constructor. If it passed, the socket is paused and has all its bytes again; else it is destroyed. */
  onEnd(end: InspectionEnd, inspected: InspectedConnection, passed: boolean): void;
}

/**
 * An accepted socket while listener filters read what its client says first. It owns the socket until then, with its errors and the
 * time. The bytes go back to the socket in the end, so that a TLS handshake or a filter chain gets them as if nobody had read them.
 */
export class ConnectionInspection {
  readonly inspected: InspectedConnection = {
    serverName: "",
    transportProtocol: "raw_buffer",
    applicationProtocols: [],
  };
  readonly #socket: net.Socket;
  readonly #options: InspectionOptions;
  readonly #timer: WheelTimer | null = null;
  #peeked: Buffer = Buffer.alloc(0);
  #peekedBytes = 0;
  #position = 0;
  #ended = false;

  constructor(socket: net.Socket, options: InspectionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
    socket.on("end", this.#onClose);
    socket.on("data", this.#onData);
    if (options.timeoutMs === 0) return;
    this.#timer = options.timers.timer(() => this.#end("timeout", options.continueOnTimeout));
    this.#timer.arm(options.timeoutMs);
  }

  /** Ends the connection: its listener goes. */
  cancel(): void {
    this.#end("cancelled");
  }

  readonly #onError = (): void => {};

  readonly #onClose = (): void => this.#end("remoteClose");

  readonly #onData = (data: Buffer): void => {
    this.#keep(data);
    const { filters, maxPeekBytes } = this.#options;
    const seen = this.#peeked.subarray(0, Math.min(this.#peekedBytes, maxPeekBytes));
    for (; this.#position < filters.length; this.#position++) {
      const status = filters[this.#position]!.onPeek(seen, this.inspected);
      if (status === InspectionStatus.done) continue;
      // A filter that wants more than it said breaks its word: what is kept stays bounded.
      if (status === InspectionStatus.close || seen.length === maxPeekBytes) this.#end("refused");
      return;
    }
    this.#end("passed", true);
  };

  /** Adds to a buffer that doubles, so that many small reads cost no more than a few large ones. */
  #keep(data: Buffer): void {
    const bytes = this.#peekedBytes + data.length;
    if (this.#peekedBytes === 0) this.#peeked = data;
    else {
      if (bytes > this.#peeked.length) {
        const grown = Buffer.allocUnsafe(Math.max(FIRST_CAPACITY_BYTES, 2 * bytes));
        grown.set(this.#peeked.subarray(0, this.#peekedBytes));
        this.#peeked = grown;
      }
      this.#peeked.set(data, this.#peekedBytes);
    }
    this.#peekedBytes = bytes;
  }

  #end(end: InspectionEnd, passed = false): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timer?.disarm();
    const socket = this.#socket;
    socket.off("data", this.#onData);
    socket.off("end", this.#onClose);
    socket.off("close", this.#onClose);
    if (passed) {
      // Paused, because a flowing stream would drop what is put back before somebody listens.
      socket.pause();
      if (this.#peekedBytes > 0) socket.unshift(this.#peeked.subarray(0, this.#peekedBytes));
      this.#options.onEnd(end, this.inspected, true);
      socket.off("error", this.#onError);
      return;
    }
    socket.destroy();
    this.#options.onEnd(end, this.inspected, false);
  }
}
