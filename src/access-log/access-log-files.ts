import type { TimerWheel } from "../base/timer-wheel.ts";
import type { StatsScope } from "../stats/scope.ts";
import { AccessLogFile, type AccessLogFileEnvironment, type AccessLogTarget } from "./access-log-file.ts";
import { createAccessLogStats } from "./access-log-stats.ts";
import { type LogDisk, systemLogDisk } from "./log-disk.ts";

/** Envoy's `--file-flush-interval-msec`. */
const DEFAULT_FLUSH_INTERVAL_MS = 10_000;

/** Who reads a pipe or terminal waits for no more than this. */
const STANDARD_STREAM_FLUSH_MS = 200;

/** What the log files of a worker are made with. */
export interface AccessLogFilesOptions {
  readonly timers: TimerWheel;
  /** The root scope. */
  readonly stats: StatsScope;
  /** Default `DEFAULT_FLUSH_INTERVAL_MS`. */
  readonly flushIntervalMs?: number;
  /** Default: the machine's. */
  readonly disk?: LogDisk;
}

interface SharedFile {
  readonly file: AccessLogFile;
  users: number;
}

/**
 * The log files of one worker. All access logs of one path share a file; it is closed with the last of them. The
 * paths `/dev/stdout` and `/dev/stderr` mean the process's own descriptors. Differs from Envoy: what goes there is
 * written after 200 ms at the latest, whatever the flush interval.
 */
export class AccessLogFiles {
  readonly #environment: AccessLogFileEnvironment;
  readonly #files = new Map<string, SharedFile>();
  /** Given up by all, and still being written. */
  readonly #closing = new Set<AccessLogFile>();

  constructor(options: AccessLogFilesOptions) {
    this.#environment = {
      disk: options.disk ?? systemLogDisk,
      timers: options.timers,
      stats: createAccessLogStats(options.stats),
      flushIntervalMs: options.flushIntervalMs ?? DEFAULT_FLUSH_INTERVAL_MS,
    };
  }

  /** The file at `path`, opened if nobody has it open. Throws with the reason if it can't be. Pair it with `release`. */
  open(path: string): AccessLogFile {
    let shared = this.#files.get(path);
    if (shared === undefined) {
      shared = { file: this.#openFile(path), users: 0 };
      this.#files.set(path, shared);
    }
    shared.users++;
    return shared.file;
  }

  /** Gives a file up. */
  release(path: string): void {
    const shared = this.#files.get(path);
    if (shared === undefined || --shared.users > 0) return;
    this.#files.delete(path);
    this.#closing.add(shared.file);
    shared.file.close(() => this.#closing.delete(shared.file));
  }

  /** Opens all files anew (SIGUSR1, `/reopen_logs`). */
  reopen(): void {
    for (const { file } of this.#files.values()) file.reopen();
  }

  /** Calls back when all that was logged has been written or lost. */
  drain(onDrained: () => void): void {
    const files = this.#all();
    let left = files.length;
    if (left === 0) onDrained();
    for (const file of files) {
      file.drain(() => {
        if (--left === 0) onDrained();
      });
    }
  }

  /** Writes everything while the thread waits, but for what is on its way to the disk; for its last moments. */
  flushSync(): void {
    for (const file of this.#all()) file.flushSync();
  }

  #all(): AccessLogFile[] {
    return [...Array.from(this.#files.values(), ({ file }) => file), ...this.#closing];
  }

  #openFile(path: string): AccessLogFile {
    const fd = STANDARD_STREAMS.get(path);
    const environment = this.#environment;
    try {
      if (fd === undefined) return new AccessLogFile({ path }, environment);
      const flushIntervalMs = Math.min(environment.flushIntervalMs, STANDARD_STREAM_FLUSH_MS);
      return new AccessLogFile(this.#standardStream(fd), { ...environment, flushIntervalMs });
    } catch (error) {
      throw new Error(`can't open the access log ${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /**
   * A pipe or terminal is opened a second time, without blocking: a reader that stops reading would hold up one of the
   * threads that all file access shares. A file is used as it was given, because the position in it is shared.
   */
  #standardStream(fd: number): AccessLogTarget {
    if (this.#environment.disk.isRegularFile(fd)) return { fd };
    try {
      return { fd: this.#environment.disk.open(`/proc/self/fd/${fd}`) };
    } catch {
      return { fd };
    }
  }
}

/** Paths that stand for descriptors of the process. */
const STANDARD_STREAMS: ReadonlyMap<string, number> = new Map([
  ["/dev/stdout", 1],
  ["/dev/stderr", 2],
]);
