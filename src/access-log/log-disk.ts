import { closeSync, constants, fstatSync, openSync, write, writeSync } from "node:fs";

/** What a write came to: how many bytes went out, or why none did. */
export type WriteCallback = (error: NodeJS.ErrnoException | null, writtenBytes: number) => void;

/** The system calls of log files; a test replaces them by a disk that is slow or full. */
export interface LogDisk {
  /** Opens a file for appending, creating it if need be. Throws if it can't. Never waits for a reader of a pipe. */
  open(path: string): number;
  /** Writes without blocking the thread. */
  write(fd: number, bytes: Buffer, offset: number, callback: WriteCallback): void;
  /** Writes while the thread waits; answers how many bytes went out. Throws if none could. */
  writeSync(fd: number, bytes: Buffer, offset: number): number;
  close(fd: number): void;
  /** Whether each write lands whole behind the last one, however long: true for files, false for pipes and terminals. */
  isRegularFile(fd: number): boolean;
}

const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;

/** The machine's disk. */
export const systemLogDisk: LogDisk = {
  open: (path) => openSync(path, APPEND, 0o644),
  write: (fd, bytes, offset, callback) => write(fd, bytes, offset, bytes.length - offset, null, callback),
  writeSync: (fd, bytes, offset) => writeSync(fd, bytes, offset),
  close: (fd) => closeSync(fd),
  isRegularFile: (fd) => fstatSync(fd).isFile(),
};
