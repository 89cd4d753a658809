import type net from "node:net";
import type { TimerWheel, WheelTimer } from "../base/timer-wheel.ts";
import { formatSocketEnd } from "./address.ts";
import type { ConnectionCallbacks, ConnectionCloseType, ConnectionOptions, WriteGate } from "./connection-callbacks.ts";
import { ownSocket, type SocketOwner, startSocket } from "./owned-socket.ts";
import { SendingSide } from "./sending-side.ts";
import { startHandle, stopHandle, takeHandle } from "./stream-handle.ts";

const NO_BYTES = Buffer.alloc(0);

/**
 * One byte stream over a socket (plain or TLS), up- or downstream, with what a proxy needs around it: writes joined
 * per turn of the event loop, write watermarks, counted `readDisable`, and ways to close (`ConnectionCloseType`). Owns its
 * socket's errors. Lives on one worker. Source: Envoy's `Network::Connection`.
 */
export class Connection extends SendingSide implements SocketOwner {
  readonly id: number;
  private readonly timers: TimerWheel;
  private delayedCloseTimeoutMs: number;
  private writeGate: WriteGate | null = null;
  private loanReader: ((data: Buffer) => boolean) | null = null;
  private wantsHandle = false;
  /** Reading is stopped exactly while this is above 0. A counter, because several parties stop and start it. */
  private readDisableCount = 0;
  private ending = false;
  private errorCode = "";
  private delayedCloseTimer: WheelTimer | null = null;

  constructor(socket: net.Socket, options: ConnectionOptions) {
    super(socket, options);
    this.id = options.id;
    this.timers = options.timers;
    this.delayedCloseTimeoutMs = options.delayedCloseTimeoutMs;
    ownSocket(socket, this);
  }

  /** Starts reading and calling back. Bytes that came before wait in the socket. Again: others are called back from now on. */
  start(callbacks: ConnectionCallbacks): void {
    const isStarted = this.callbacks !== null;
    this.callbacks = callbacks;
    if (isStarted) return;
    startSocket(this.socket);
    if (this.wantsHandle && !this.socket.connecting) this.#takeHandle();
  }

  /**
   * From `start` on, or from being connected on, bytes go between us and Node.js's handle, past the stream over it: that saves a small
   * request a twentieth of its time. Nothing changes where that can't be done, over TLS for one. Not for users that take reads on loan.
   */
  useHandle(): void {
    this.wantsHandle = true;
  }

  #takeHandle(): void {
    if (this.readDisableCount === 0 && this.state === "open") this.handle = takeHandle(this.socket, this);
  }

  /** How long a `flushWriteAndDelay` waits for the peer's FIN; 0 does not wait. Holds for later closes. */
  setDelayedCloseTimeoutMs(timeoutMs: number): void {
    this.delayedCloseTimeoutMs = timeoutMs;
  }

  /** From now on all that is written goes through `gate` first. */
  setWriteGate(gate: WriteGate): void {
    this.writeGate = gate;
  }

  /**
   * Large reads may go to `reader` instead of `onData`, on loan: the bytes may be overwritten as soon as it returns, unless it
   * answers true; then it must give the buffer back (`giveBackReadBuffer`), now or later.
   */
  setLoanReader(reader: (data: Buffer) => boolean): void {
    this.loanReader = reader;
  }

  /** Whether bytes may still be written. */
  get isOpen(): boolean {
    return this.state === "open";
  }

  get localAddress(): string {
    return formatSocketEnd(this.socket.localAddress, this.socket.localPort);
  }

  get remoteAddress(): string {
    return formatSocketEnd(this.socket.remoteAddress, this.socket.remotePort);
  }

  /** Queues bytes, sent at the end of the event loop's turn, or of the event if they are many. The buffer is the connection's now. Dropped once closing. */
  write(bytes: Buffer): void {
    if (this.state !== "open" || bytes.length === 0) return;
    if (this.writeGate === null) this.queue(bytes);
    else this.writeGate.onWrite(bytes, false);
  }

  /**
   * Writes bytes on loan at once, behind what waits. False: they have been taken, and may be overwritten. True: the operating system could not
   * take all of them; they are given back when it has.
   */
  writeLent(bytes: Buffer): boolean {
    if (this.state !== "open" || bytes.length === 0) return false;
    if (this.writeGate !== null) {
      this.writeGate.onWrite(Buffer.from(bytes), false);
      return false;
    }
    return this.sendLent(bytes);
  }

  /** Queues text whose char codes are the bytes. */
  writeLatin1(text: string): void {
    if (this.state !== "open" || text.length === 0) return;
    if (this.writeGate === null) this.queue(text);
    else this.writeGate.onWrite(Buffer.from(text, "latin1"), false);
  }

  /** For the write gate: queues bytes that have passed it, and our FIN. */
  passWrite(data: Buffer, endStream: boolean): void {
    if (this.state !== "open") return;
    if (data.length > 0) this.queue(data);
    if (endStream) this.#end();
  }

  /** Counted: reading stops at the first `true` and starts again when each has its `false`. */
  readDisable(disable: boolean): void {
    if (disable) {
      if (++this.readDisableCount === 1 && this.state === "open") this.#stopReading();
      return;
    }
    if (--this.readDisableCount === 0 && this.state === "open") this.#startReading();
  }

  get readEnabled(): boolean {
    return this.readDisableCount === 0;
  }

  #stopReading(): void {
    if (this.handle === null) this.socket.pause();
    else stopHandle(this.handle);
  }

  #startReading(): void {
    if (this.handle === null) this.socket.resume();
    else startHandle(this.handle, this.socket);
  }

  /** See `ConnectionCloseType`. Later calls may only be harder: `noFlush` and `abortReset` cut a close still flushing. */
  close(type: ConnectionCloseType): void {
    if (this.state === "closed") return;
    if (type === "noFlush" || type === "abortReset") {
      this.state = "closing";
      this.dropWaiting();
      if (type === "abortReset") this.#reset();
      else this.socket.destroy();
      return;
    }
    if (this.state === "closing") return;
    this.flush();
    this.state = "closing";
    if (type === "flushWriteAndDelay" && this.delayedCloseTimeoutMs > 0) {
      this.ending = true;
      this.socket.end();
      // What the peer still sends is read and dropped: closing with unread bytes would send a reset.
      if (this.readDisableCount > 0) this.#startReading();
      this.delayedCloseTimer = this.timers.timer(() => {
        this.stats?.delayedCloseTimeout?.inc();
        this.socket.destroy();
      });
      this.delayedCloseTimer.arm(this.delayedCloseTimeoutMs);
      return;
    }
    this.socket.destroySoon();
  }

  /**
   * Destroys the socket with a reset. While a FIN is on its way, Node.js (26.10) fails to and leaves the socket open for good: then it is
   * only destroyed.
   */
  #reset(): void {
    const sendingFin = this.socket.writableEnded && !this.socket.writableFinished;
    try {
      if (!sendingFin && !this.socket.destroyed) this.socket.resetAndDestroy();
    } catch {
      // Only plain TCP has resets.
    }
    this.socket.destroy();
  }

  /** Sends FIN after what waits; reading goes on. Nothing can be written afterwards. */
  closeWrite(): void {
    if (this.state !== "open" || this.ending) return;
    if (this.writeGate === null) this.#end();
    else this.writeGate.onWrite(NO_BYTES, true);
  }

  #end(): void {
    if (this.ending) return;
    this.flush();
    this.ending = true;
    this.socket.end();
  }

  // ---- from the socket ----

  handleConnect(): void {
    if (this.socket.destroyed) return;
    if (this.wantsHandle) this.#takeHandle();
    this.inEvent(() => this.callbacks?.onConnected());
  }

  handleData(data: Buffer): void {
    this.stats?.rxBytesTotal.add(data.length);
    if (this.state !== "open") return;
    this.flusher.enter();
    try {
      this.callbacks!.onData(data);
    } finally {
      this.flusher.leave();
    }
  }

  handleLentData(data: Buffer): boolean {
    this.stats?.rxBytesTotal.add(data.length);
    if (this.state !== "open") return false;
    this.flusher.enter();
    try {
      return this.loanReader!(data);
    } finally {
      this.flusher.leave();
    }
  }

  get takesLoans(): boolean {
    return this.loanReader !== null;
  }

  handleEnd(): void {
    if (this.state === "closing") {
      this.socket.destroySoon();
      return;
    }
    this.flusher.enter();
    try {
      this.callbacks?.onEndOfStream();
    } finally {
      this.flusher.leave();
    }
  }

  handleError(error: NodeJS.ErrnoException): void {
    this.errorCode = error.code ?? error.message;
  }

  handleClose(): void {
    const event = this.state === "closing" ? "localClose" : "remoteClose";
    this.state = "closed";
    this.dropWaiting();
    this.delayedCloseTimer?.disarm();
    this.reportBuffered(0);
    const callbacks = this.callbacks;
    this.callbacks = null;
    this.flusher.enter();
    try {
      callbacks?.onClose(event, this.errorCode);
    } finally {
      this.flusher.leave();
    }
  }
}
