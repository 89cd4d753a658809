import type net from "node:net";
import type { LateWriter } from "../base/late-writer.ts";
import type { ConnectionCallbacks, ConnectionOptions, ConnectionStats } from "./connection-callbacks.ts";
import { giveBackReadBuffer } from "./read-buffer-pool.ts";
import { type StreamHandle, writeToHandle } from "./stream-handle.ts";
import type { Flushable, WriteFlusher } from "./write-flusher.ts";
import { joinParts, writePart } from "./write-part.ts";

/** Up to this size, pieces are copied into one buffer; above, a vectored write is cheaper than the copy. */
const COPY_LIMIT_BYTES = 16 * 1024;
/** More than this does not wait for the end of the turn: it would only be held in memory, and the watermarks would not see it. */
const TURN_LIMIT_BYTES = 16 * 1024;

/**
 * What a connection has to send: joined per turn of the event loop, written to Node.js's handle or to the stream over it, and held against the
 * watermarks until the operating system has taken it. `Connection` adds reading, and how a connection ends.
 */
export abstract class SendingSide implements Flushable {
  readonly socket: net.Socket;
  readonly bufferLimitBytes: number;
  protected readonly flusher: WriteFlusher;
  protected stats: ConnectionStats | null;
  protected callbacks: ConnectionCallbacks | null = null;
  protected state: "open" | "closing" | "closed" = "open";
  /** Null while bytes go through the stream. */
  protected handle: StreamHandle | null = null;
  /** What was written since the last flush (strings are latin1): a head and a body mostly, so there is room for two. */
  private first: Buffer | string | null = null;
  private second: Buffer | string | null = null;
  private others: (Buffer | string)[] | null = null;
  private waitingBytes = 0;
  /** What `sendLent` left to the operating system, to be given back when it has taken all. */
  private lent: Buffer[] | null = null;
  /** What the handle was given and the operating system has not taken. */
  private handlePendingBytes = 0;
  /** The stream over the handle may hold bytes: what goes past it would overtake them. */
  private streamMayHold = false;
  private lateWriter: LateWriter | null = null;
  private scheduledFor: "nothing" | "turn" | "event" = "nothing";
  private aboveHighWatermark = false;
  private bufferedReported = 0;

  constructor(socket: net.Socket, options: ConnectionOptions) {
    this.socket = socket;
    this.flusher = options.flusher;
    this.bufferLimitBytes = options.bufferLimitBytes;
    this.stats = options.stats;
  }

  /** For the filter that counts for its connection; set when it is initialised, before any byte is counted. */
  setStats(stats: ConnectionStats | null): void {
    this.stats = stats;
  }

  /** Bytes accepted by `write` that the operating system has not taken. */
  get writeBufferedBytes(): number {
    return this.waitingBytes + this.#unsentBytes();
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
    this.dropWaiting();
    this.stats?.txBytesTotal.add(bytes);
    if (bytes > COPY_LIMIT_BYTES) this.#writeToStream(first, second, others);
    else this.#writeOne(second === null ? first : joinParts(first, second, others, bytes));
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
    this.reportBuffered(this.#unsentBytes());
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

  /** Takes a piece to send, text as latin1. It waits for the end of the turn, or of the event if there is much to send. */
  protected queue(part: Buffer | string): void {
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

  /** As `Connection.writeLent`, of an open connection without a write gate. */
  protected sendLent(bytes: Buffer): boolean {
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

  /** Forgets what has not been handed to the operating system yet. */
  protected dropWaiting(): void {
    this.first = null;
    this.second = null;
    this.others = null;
    this.waitingBytes = 0;
  }

  /** Brings the gauge of buffered bytes to what it is now. */
  protected reportBuffered(buffered: number): void {
    if (this.stats === null || buffered === this.bufferedReported) return;
    this.stats.txBytesBuffered.add(buffered - this.bufferedReported);
    this.bufferedReported = buffered;
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

  #scheduleFor(end: "turn" | "event"): void {
    if (this.scheduledFor === end) return;
    this.scheduledFor = end;
    if (end === "turn") this.flusher.scheduleForTurn(this);
    else this.flusher.schedule(this);
  }

  #checkHighWatermark(): void {
    const buffered = this.#unsentBytes();
    this.reportBuffered(buffered);
    if (this.aboveHighWatermark || this.bufferLimitBytes === 0 || buffered <= this.bufferLimitBytes) return;
    this.aboveHighWatermark = true;
    // The stream announces "drain" only above its own mark. Below it, an empty write tells when all is out.
    if (!this.socket.writableNeedDrain) this.socket.write("", () => this.handleDrain());
    this.callbacks?.onAboveWriteBufferHighWatermark();
  }
}
