import type net from "node:net";
import type { LateWriter } from "../base/late-writer.ts";
import type { TimerWheel, WheelTimer } from "../base/timer-wheel.ts";
import { formatIpPort } from "./address.ts";
import type {
  ConnectionCallbacks,
  ConnectionCloseType,
  ConnectionOptions,
  ConnectionStats,
  WriteGate,
} from "./connection-callbacks.ts";
import { ownSocket, type SocketOwner, startSocket } from "./owned-socket.ts";
import { giveBackReadBuffer } from "./read-buffer-pool.ts";
import { type StreamHandle, startHandle, stopHandle, takeHandle, writeToHandle } from "./stream-handle.ts";
import type { Flushable, WriteFlusher } from "./write-flusher.ts";
import { joinParts, writePart } from "./write-part.ts";

const NO_BYTES = Buffer.alloc(0);
/** Up to this size, pieces are copied into one buffer; above, a vectored write is cheaper than the copy. */
const COPY_LIMIT_BYTES = 16 * 1024;
/** More than this does not wait for the end of the turn: it would only be held in memory, and the watermarks would not see it. */
const TURN_LIMIT_BYTES = 16 * 1024;

/**
 * One byte stream over a socket (plain or TLS), up- or downstream, with what a proxy needs around it: writes joined
 * per turn of the event loop, write watermarks, counted `readDisable`, and the three ways to close. Owns its socket's errors.
 * Lives on one worker. Source: Envoy's `Network::Connection`.
 */
export class Connection implements Flushable, SocketOwner {
  readonly id: number;
  readonly socket: net.Socket;
  readonly bufferLimitBytes: number;
  private readonly flusher: WriteFlusher;
  private readonly timers: TimerWheel;
  private delayedCloseTimeoutMs: number;
  private stats: ConnectionStats | null;
  private callbacks: ConnectionCallbacks | null = null;
  private writeGate: WriteGate | null = null;
  private loanReader: ((data: Buffer) => boolean) | null = null;
  /** What `writeLent` left to the operating system, to be given back when it has taken all. */
  private lent: Buffer[] | null = null;
  /** What was written since the last flush (strings are latin1): a head and a body mostly, so there is room for two. */
  private first: Buffer | string | null = null;
  private second: Buffer | string | null = null;
  private others: (Buffer | string)[] | null = null;
  private waitingBytes = 0;
  private wantsHandle = false;
  private handle: StreamHandle | null = null;
  /** What the handle was given and the operating system has not taken. */
  private handlePendingBytes = 0;
  /** The stream over the handle may hold bytes: what goes past it would overtake them. */
  private streamMayHold = false;
  private lateWriter: LateWriter | null = null;
  private scheduledFor: "nothing" | "turn" | "event" = "nothing";
  private aboveHighWatermark = false;
  private bufferedReported = 0;
  /** Reading is stopped exactly while this is above 0. A counter, because several parties stop and start it. */
  private readDisableCount = 0;
  private state: "open" | "closing" | "closed" = "open";
  private ending = false;
  private errorCode = "";
  private delayedCloseTimer: WheelTimer | null = null;

  constructor(socket: net.Socket, options: ConnectionOptions) {
    this.id = options.id;
    this.socket = socket;
    this.flusher = options.flusher;
    this.timers = options.timers;
    this.bufferLimitBytes = options.bufferLimitBytes;
    this.delayedCloseTimeoutMs = options.delayedCloseTimeoutMs;
    this.stats = options.stats;
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

  /** For the filter that counts for its connection; set when it is initialised, before any byte is counted. */
  setStats(stats: ConnectionStats | null): void {
    this.stats = stats;
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

  /** Bytes accepted by `write` that the operating system has not taken. */
  get writeBufferedBytes(): number {
    return this.waitingBytes + this.#unsentBytes();
  }

  get localAddress(): string {
    return socketAddress(this.socket.localAddress, this.socket.localPort);
  }

  get remoteAddress(): string {
    return socketAddress(this.socket.remoteAddress, this.socket.remotePort);
  }

  /** Queues bytes, sent at the end of the event loop's turn, or of the event if they are many. The buffer is the connection's now. Dropped once closing. */
  write(bytes: Buffer): void {
    if (this.state !== "open" || bytes.length === 0) return;
    if (this.writeGate === null) this.#queue(bytes);
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
    if (this.first !== null) this.flush();
    const socket = this.socket;
    this.stats?.txBytesTotal.add(bytes.length);
    socket.write(bytes);
    if (socket.writableLength === 0) return false;
    this.streamMayHold = true;
    this.lent ??= [];
    this.lent.push(bytes);
    this.#checkHighWatermark();
    return true;
  }

  /** Queues text whose char codes are the bytes. */
  writeLatin1(text: string): void {
    if (this.state !== "open" || text.length === 0) return;
    if (this.writeGate === null) this.#queue(text);
    else this.writeGate.onWrite(Buffer.from(text, "latin1"), false);
  }

  /** For the write gate: queues bytes that have passed it, and our FIN. */
  passWrite(data: Buffer, endStream: boolean): void {
    if (this.state !== "open") return;
    if (data.length > 0) this.#queue(data);
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
      this.#dropWaiting();
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

  /** Has `writer` called once, before anything is sent, and at the end of the event loop's turn at the latest. A connection has one such writer. */
  writeLater(writer: LateWriter): void {
    this.lateWriter = writer;
    this.flusher.scheduleForTurn(this);
  }

  flush(): void {
    const lateWriter = this.lateWriter;
    if (lateWriter !== null) {
      this.lateWriter = null;
      // What it writes is sent below.
      this.scheduledFor = "event";
      lateWriter.writeLate();
    }
    this.scheduledFor = "nothing";
    const { first, second, others, waitingBytes: bytes } = this;
    if (first === null) return;
    this.#dropWaiting();
    this.stats?.txBytesTotal.add(bytes);
    if (bytes > COPY_LIMIT_BYTES) this.#writeToStream(first, second, others);
    else this.#writeOne(second === null ? first : joinParts(first, second, others, bytes));
  }

  #writeOne(part: Buffer | string): void {
    if (this.handle === null || (this.streamMayHold && this.socket.writableLength > 0)) {
      this.#writeToStream(part, null, null);
      return;
    }
    this.streamMayHold = false;
    const pendingBytes = writeToHandle(this.handle, this.socket, part);
    if (pendingBytes === 0) return;
    this.handlePendingBytes += pendingBytes;
    this.#checkHighWatermark();
  }

  #writeToStream(first: Buffer | string, second: Buffer | string | null, others: (Buffer | string)[] | null): void {
    const socket = this.socket;
    if (second !== null) socket.cork();
    writePart(socket, first);
    if (second !== null) {
      writePart(socket, second);
      if (others !== null) for (const part of others) writePart(socket, part);
      socket.uncork();
    }
    if (socket.writableLength === 0) return;
    this.streamMayHold = true;
    this.#checkHighWatermark();
  }

  #unsentBytes(): number {
    return this.handlePendingBytes + this.socket.writableLength;
  }

  #queue(part: Buffer | string): void {
    if (this.first === null) this.first = part;
    else if (this.second === null) this.second = part;
    else {
      this.others ??= [];
      this.others.push(part);
    }
    this.waitingBytes += part.length;
    if (this.waitingBytes > TURN_LIMIT_BYTES) this.#scheduleFor("event");
    else if (this.scheduledFor === "nothing") this.#scheduleFor("turn");
  }

  #scheduleFor(end: "turn" | "event"): void {
    if (this.scheduledFor === end) return;
    this.scheduledFor = end;
    if (end === "turn") this.flusher.scheduleForTurn(this);
    else this.flusher.schedule(this);
  }

  #dropWaiting(): void {
    this.first = null;
    this.second = null;
    this.others = null;
    this.waitingBytes = 0;
  }

  #checkHighWatermark(): void {
    const buffered = this.#unsentBytes();
    this.#reportBuffered(buffered);
    if (this.aboveHighWatermark || this.bufferLimitBytes === 0 || buffered <= this.bufferLimitBytes) return;
    this.aboveHighWatermark = true;
    // The stream announces "drain" only above its own mark. Below it, an empty write tells when all is out.
    if (!this.socket.writableNeedDrain) this.socket.write("", () => this.handleDrain());
    this.callbacks?.onAboveWriteBufferHighWatermark();
  }

  #reportBuffered(buffered: number): void {
    if (this.stats === null || buffered === this.bufferedReported) return;
    this.stats.txBytesBuffered.add(buffered - this.bufferedReported);
    this.bufferedReported = buffered;
  }

  /** Runs `work` as an event of this connection: much that it writes, here or elsewhere, is flushed at its end. */
  inEvent(work: () => void): void {
    this.flusher.enter();
    try {
      work();
    } finally {
      this.flusher.leave();
    }
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

  /** The operating system has taken what `writeToHandle` left pending. */
  handleWritten(bytes: number): void {
    this.handlePendingBytes -= bytes;
    if (this.#unsentBytes() === 0) this.handleDrain();
  }

  handleDrain(): void {
    if (this.lent !== null && this.socket.writableLength === 0) {
      for (const bytes of this.lent) giveBackReadBuffer(bytes);
      this.lent = null;
    }
    this.#reportBuffered(this.#unsentBytes());
    if (!this.aboveHighWatermark) return;
    this.aboveHighWatermark = false;
    if (this.state !== "open") return;
    this.flusher.enter();
    try {
      this.callbacks?.onBelowWriteBufferLowWatermark();
    } finally {
      this.flusher.leave();
    }
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
    this.#dropWaiting();
    this.delayedCloseTimer?.disarm();
    this.#reportBuffered(0);
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

function socketAddress(ip: string | undefined, port: number | undefined): string {
  if (ip === undefined || port === undefined) return "";
  return formatIpPort(ip.startsWith("::ffff:") ? ip.slice(7) : ip, port);
}
