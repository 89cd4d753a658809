import type { LogDisk, WriteCallback } from "../../src/access-log/log-disk.ts";

interface WaitingWrite {
  readonly fd: number;
  readonly bytes: Buffer;
  readonly offset: number;
  readonly callback: WriteCallback;
}

/** A disk in memory whose writes complete when the test says so, or fail. */
export class FakeLogDisk implements LogDisk {
  /** Text of each file by path, renamed ones included. */
  readonly files = new Map<string, string>();
  /** Each write that went out, as `path: text`. */
  readonly writes: string[] = [];
  readonly closed: string[] = [];
  /** Error code that the next opens meet; null = none. */
  openError: string | null = null;
  /** Error code that the next writes meet; null = none. */
  writeError: string | null = null;
  /** At most so many bytes go out per write. */
  largestWrite = Number.POSITIVE_INFINITY;
  regular = true;
  readonly #paths = new Map<number, string>();
  readonly #waiting: WaitingWrite[] = [];
  #nextFd = 10;

  open(path: string): number {
    if (this.openError !== null) throw codeError(this.openError);
    const fd = this.#nextFd++;
    this.#paths.set(fd, path);
    if (!this.files.has(path)) this.files.set(path, "");
    return fd;
  }

  write(fd: number, bytes: Buffer, offset: number, callback: WriteCallback): void {
    this.#waiting.push({ fd, bytes, offset, callback });
  }

  writeSync(fd: number, bytes: Buffer, offset: number): number {
    if (this.writeError !== null) throw codeError(this.writeError);
    return this.#put(fd, bytes, offset);
  }

  close(fd: number): void {
    this.closed.push(this.#paths.get(fd) ?? String(fd));
    this.#paths.delete(fd);
  }

  isRegularFile(_fd: number): boolean {
    return this.regular;
  }

  /** Makes the files open now be called `to`, as a log rotation does. */
  rename(from: string, to: string): void {
    for (const [fd, path] of this.#paths) if (path === from) this.#paths.set(fd, to);
    this.files.set(to, this.files.get(from) ?? "");
    this.files.delete(from);
  }

  get waitingWrites(): number {
    return this.#waiting.length;
  }

  /** Completes the writes now waiting; `all` also those that follow from it. */
  complete(all = true): void {
    do {
      for (const { fd, bytes, offset, callback } of this.#waiting.splice(0)) {
        if (this.writeError !== null) callback(codeError(this.writeError), 0);
        else callback(null, this.#put(fd, bytes, offset));
      }
    } while (all && this.#waiting.length > 0);
  }

  #put(fd: number, bytes: Buffer, offset: number): number {
    const path = this.#paths.get(fd) ?? `fd ${fd}`;
    const text = bytes.toString("latin1", offset, Math.min(bytes.length, offset + this.largestWrite));
    this.files.set(path, (this.files.get(path) ?? "") + text);
    this.writes.push(`${path}: ${text}`);
    return text.length;
  }
}

function codeError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(code), { code });
}
