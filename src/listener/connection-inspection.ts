import { Buffer } from "node:buffer";
import type net from "node:net";
import type { TimerWheel, WheelTimer } from "../base/timer-wheel.ts";
import type { InspectedConnection } from "../net/inspected-connection.ts";
import { InspectionStatus, type ListenerFilter } from "../net/listener-filter.ts";

const FIRST_CAPACITY_BYTES = 4096;

/** How an inspection ends. */
export type InspectionEnd = "passed" | "refused" | "remoteClose" | "timeout" | "cancelled";

/** A listener filter and the connections that it leaves alone (`filter_disabled`). */
export interface ConditionalFilter {
  readonly filter: ListenerFilter;
  isDisabled(): boolean;
}

/** What an inspection needs besides its socket. */
export interface InspectionOptions {
  readonly timers: TimerWheel;
  /** How long it may take; 0 is for ever. */
  readonly timeoutMs: number;
  /** Whether the connection passes when that is over, with what is known by then. */
  readonly continueOnTimeout: boolean;
  /** In order. */
  readonly filters: readonly ConditionalFilter[];
  /** What is known beforehand; filters add to it. */
  readonly inspected: InspectedConnection;
  readonly maxPeekBytes: number;
  /** Called once, maybe within `start`. If it passed, the socket is paused and has all its bytes again; else it is destroyed. */
  onEnd(end: InspectionEnd, inspected: InspectedConnection, passed: boolean): void;
}

/**
 * An accepted socket while listener filters read what its client says first. It owns the socket until then, with its errors and the
 * time. The bytes go back to the socket in the end, so that a TLS handshake or a filter chain gets them as if nobody had read them.
 */
export class ConnectionInspection {
  readonly #socket: net.Socket;
  readonly #options: InspectionOptions;
  readonly #timer: WheelTimer | null = null;
  #peeked: Buffer = Buffer.alloc(0);
  #peekedBytes = 0;
  /** Of those, what filters have taken. */
  #takenBytes = 0;
  #position = 0;
  /** Whether the filter at `#position` has been asked whether it needs bytes. */
  #asked = false;
  #reading = false;
  #ended = false;

  constructor(socket: net.Socket, options: InspectionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on("error", this.#onError);
    socket.on("close", this.#onClose);
    if (options.timeoutMs === 0) return;
    this.#timer = options.timers.timer(() => this.#end("timeout", options.continueOnTimeout));
    this.#timer.arm(options.timeoutMs);
  }

  /** Begins. Reads only if a filter needs it to. */
  start(): void {
    this.#run();
    if (this.#ended) return;
    this.#reading = true;
    this.#socket.on("end", this.#onClose);
    this.#socket.on("data", this.#onData);
    // A listener that hands the connection over has paused it.
    if (this.#socket.isPaused()) this.#socket.resume();
  }

  /** Ends the connection: its listener goes. */
  cancel(): void {
    this.#end("cancelled");
  }

  readonly #onError = (): void => {};

  readonly #onClose = (): void => this.#end("remoteClose");

  readonly #onData = (data: Buffer): void => {
    this.#keep(data);
    this.#run();
  };

  /** Goes through the filters as far as they let it. */
  #run(): void {
    const { filters } = this.#options;
    for (; this.#position < filters.length; this.#position++) {
      const status = this.#ask(filters[this.#position]!);
      this.#asked = status === InspectionStatus.moreData;
      if (status === InspectionStatus.moreData) return;
      if (status === InspectionStatus.close) {
        this.#end("refused");
        return;
      }
    }
    this.#end("passed", true);
  }

  #ask({ filter, isDisabled }: ConditionalFilter): InspectionStatus {
    const { inspected, maxPeekBytes } = this.#options;
    if (!this.#asked) {
      if (isDisabled()) return InspectionStatus.done;
      const status = filter.onAccept === undefined ? InspectionStatus.moreData : filter.onAccept(inspected);
      if (status !== InspectionStatus.moreData) return status;
    }
    // Nothing has come that the filter could look at.
    if (this.#peekedBytes === this.#takenBytes) return InspectionStatus.moreData;
    const end = Math.min(this.#peekedBytes, this.#takenBytes + maxPeekBytes);
    const status = filter.onPeek(this.#peeked.subarray(this.#takenBytes, end), inspected);
    if (status === InspectionStatus.done) this.#takenBytes += filter.takenBytes ?? 0;
    // A filter that wants more than it said breaks its word: what is kept stays bounded.
    const broken = status === InspectionStatus.moreData && end - this.#takenBytes === maxPeekBytes;
    return broken ? InspectionStatus.close : status;
  }

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
    const { inspected } = this.#options;
    socket.off("data", this.#onData);
    socket.off("end", this.#onClose);
    socket.off("close", this.#onClose);
    if (passed) {
      // Paused, because a flowing stream would drop what is put back before somebody listens.
      if (this.#reading) socket.pause();
      if (this.#peekedBytes > this.#takenBytes) {
        socket.unshift(this.#peeked.subarray(this.#takenBytes, this.#peekedBytes));
      }
      this.#options.onEnd(end, inspected, true);
      socket.off("error", this.#onError);
      return;
    }
    socket.destroy();
    this.#options.onEnd(end, inspected, false);
  }
}
