import type { TimerWheel, WheelTimer } from "../base/timer-wheel.ts";
import type { AccessLogStats } from "./access-log-stats.ts";
import type { LogDisk } from "./log-disk.ts";

/** A write is started when so much has gathered. */
const FLUSH_BYTES = 64 * 1024;
/** What a slow disk may leave in memory, per file and worker; lines beyond it are lost and counted. */
const BUFFER_LIMIT_BYTES = 4 * 1024 * 1024;
/** Longest write that a pipe takes as one (`PIPE_BUF`), so that lines of several workers do not mix. */
const PIPE_WRITE_BYTES = 4096;
/** Before a full pipe is tried again. */
const RETRY_MS = 100;

/** What a log file works with; the same for all files of a worker. */
export interface AccessLogFileEnvironment {
  readonly disk: LogDisk;
  readonly timers: TimerWheel;
  readonly stats: AccessLogStats;
  readonly flushIntervalMs: number;
}

/** Where the bytes go: a path, which can be opened again, or a descriptor that the process was given. */
export type AccessLogTarget = { readonly path: string } | { readonly fd: number };

/**
 * Lines on their way to one file. They gather in memory and are written behind one another, one write at a time,
 * each of whole lines, so that several workers can append to one file. A disk that is slow or full costs
 * lines (counted), never time.
 */
export class AccessLogFile {
  readonly #environment: AccessLogFileEnvironment;
  readonly #path: string | undefined;
  readonly #timer: WheelTimer;
  readonly #waiting: (() => void)[] = [];
  #fd: number;
  /** Set by `reopen` while a write is on its way: the descriptor to close after it. */
  #oldFd = -1;
  #largestWrite: number;
  #pending = "";
  /** How much of `#pending` is to go out at once, in as many writes as it takes. */
  #dueBytes = 0;
  /** Bytes of the write on its way, and how far it got; null if there is none. */
  #writing: Buffer | null = null;
  #written = 0;
  /** The write on its way met a full pipe and waits for the timer. */
  #stalled = false;
  #closing = false;

  /** Opens the file; throws if it can't. */
  constructor(target: AccessLogTarget, environment: AccessLogFileEnvironment) {
    this.#environment = environment;
    this.#path = "path" in target ? target.path : undefined;
    this.#fd = "path" in target ? environment.disk.open(target.path) : target.fd;
    this.#largestWrite = this.#writeLimit();
    this.#timer = environment.timers.timer(() => this.#onTimer());
  }

  /** Takes a line, with its end, as wire text (a character per byte). */
  write(line: string): void {
    const { stats, flushIntervalMs } = this.#environment;
    if (this.#pending.length + line.length > BUFFER_LIMIT_BYTES) {
      stats.writeDropped.inc();
      return;
    }
    this.#pending += line;
    stats.writeBuffered.inc();
    stats.writeTotalBuffered.add(line.length);
    if (this.#writing !== null) return;
    if (this.#pending.length >= FLUSH_BYTES) this.#flush();
    else if (!this.#timer.armed) this.#timer.arm(flushIntervalMs);
  }

  /** Calls back when all that was taken so far, and since, has been written or lost. */
  drain(onDrained: () => void): void {
    if (this.#writing === null && this.#pending === "") {
      onDrained();
      return;
    }
    this.#waiting.push(onDrained);
    if (this.#writing === null) this.#flush();
  }

  /**
   * Writes what is in memory while the thread waits; for the last moments of a thread. A write on its way is left to
   * finish by itself.
   */
  flushSync(): void {
    this.#timer.disarm();
    if (this.#stalled) {
      this.#stalled = false;
      this.#writeNow(this.#writing!, this.#written);
      this.#writing = null;
    }
    const bytes = this.#takePending(Number.POSITIVE_INFINITY);
    if (bytes !== null) this.#writeNow(bytes, 0);
  }

  /** Opens the path anew, after somebody renamed the file; stays with the old one if it can't. */
  reopen(): void {
    const { disk, stats } = this.#environment;
    if (this.#path === undefined || this.#closing) return;
    let fd: number;
    try {
      fd = disk.open(this.#path);
    } catch {
      stats.reopenFailed.inc();
      return;
    }
    const old = this.#fd;
    this.#fd = fd;
    this.#largestWrite = this.#writeLimit();
    // A write on its way goes on with the descriptor it has.
    if (this.#writing !== null && this.#oldFd === -1) this.#oldFd = old;
    else disk.close(old);
  }

  /** Closes the file when all has been written, and calls back then. Nothing may be written afterwards. */
  close(onClosed: () => void): void {
    this.#closing = true;
    this.drain(() => {
      this.#timer.disarm();
      if (this.#path !== undefined) this.#environment.disk.close(this.#fd);
      onClosed();
    });
  }

  #writeLimit(): number {
    return this.#environment.disk.isRegularFile(this.#fd) ? Number.POSITIVE_INFINITY : PIPE_WRITE_BYTES;
  }

  #onTimer(): void {
    if (this.#stalled) {
      this.#stalled = false;
      this.#continueWrite();
    } else if (this.#writing === null && this.#pending !== "") {
      this.#environment.stats.flushedByTimer.inc();
      this.#flush();
    }
  }

  /** Moves whole lines of at most `limit` bytes (or one longer line) out of the buffer; null if it is empty. */
  #takePending(limit: number): Buffer | null {
    const pending = this.#pending;
    if (pending === "") return null;
    let end = pending.length;
    if (end > limit) {
      end = pending.lastIndexOf("\n", limit - 1) + 1;
      if (end === 0) end = pending.indexOf("\n") + 1 || pending.length;
    }
    this.#pending = end === pending.length ? "" : pending.slice(end);
    this.#environment.stats.writeTotalBuffered.sub(end);
    return Buffer.from(end === pending.length ? pending : pending.slice(0, end), "latin1");
  }

  #flush(): void {
    this.#dueBytes = this.#pending.length;
    this.#startWrite();
  }

  #startWrite(): void {
    this.#timer.disarm();
    this.#writing = this.#takePending(this.#largestWrite)!;
    this.#written = 0;
    this.#dueBytes -= this.#writing.length;
    this.#continueWrite();
  }

  #continueWrite(): void {
    const fd = this.#oldFd === -1 ? this.#fd : this.#oldFd;
    this.#environment.disk.write(fd, this.#writing!, this.#written, (error, count) => this.#onWritten(error, count));
  }

  #onWritten(error: NodeJS.ErrnoException | null, count: number): void {
    const { stats } = this.#environment;
    if (error?.code === "EAGAIN") {
      this.#stalled = true;
      this.#timer.arm(RETRY_MS);
      return;
    }
    this.#written += error === null ? count : 0;
    if (error === null && this.#written < this.#writing!.length) {
      this.#continueWrite();
      return;
    }
    if (error === null) stats.writeCompleted.inc();
    else stats.writeFailed.inc();
    this.#writing = null;
    if (this.#oldFd !== -1) this.#environment.disk.close(this.#oldFd);
    this.#oldFd = -1;
    this.#afterWrite();
  }

  /** Goes on if there is reason to; otherwise the rest waits for more or for the timer. */
  #afterWrite(): void {
    if (this.#pending === "") {
      this.#dueBytes = 0;
      for (const onDrained of this.#waiting.splice(0)) onDrained();
    } else if (this.#waiting.length > 0 || this.#pending.length >= FLUSH_BYTES) {
      this.#flush();
    } else if (this.#dueBytes > 0) {
      this.#startWrite();
    } else {
      this.#timer.arm(this.#environment.flushIntervalMs);
    }
  }

  #writeNow(bytes: Buffer, from: number): void {
    const { disk, stats } = this.#environment;
    try {
      for (let at = from; at < bytes.length; ) at += disk.writeSync(this.#fd, bytes, at);
      stats.writeCompleted.inc();
    } catch {
      stats.writeFailed.inc();
    }
  }
}
