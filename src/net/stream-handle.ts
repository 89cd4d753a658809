import type net from "node:net";
import { getSystemErrorName } from "node:util";
import { copyOfRead } from "./owned-socket.ts";
import { sharedReadBuffer } from "./shared-read-buffer.ts";

/** Who reads and writes past the stream: a connection. */
export interface HandleUser {
  handleData(data: Buffer): void;
  /** So many bytes, which `writeToHandle` left pending, are with the operating system now. */
  handleWritten(bytes: number): void;
}

const USER = Symbol("user");
const SOCKET = Symbol("socket");

/** What Node.js (26) has under a plain socket. Functions answer 0 or an error number. */
export interface StreamHandle {
  [USER]: HandleUser;
  [SOCKET]: net.Socket;
  reading: boolean;
  onread(this: StreamHandle, bytes: ArrayBuffer | undefined): unknown;
  readStart(): number;
  readStop(): number;
  useUserBuffer(buffer: Buffer): void;
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
  writeLatin1String(request: WriteRequest, text: string): number;
}

/** What a write is known by until it is done, if that is not at once. `buffer` is held for that long. */
interface WriteRequest {
  handle?: StreamHandle;
  bytes?: number;
  buffer?: Buffer | string;
  oncomplete?(this: WriteRequest, status: number): void;
}

/** Node.js's own binding to its streams. What a call does not answer is left in `streamBaseState`, at these places. */
interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteWasAsync: number;
}

/** Null if this Node.js does not give it, or has another one: then all goes through streams. */
function findStreamBinding(): StreamBinding | null {
  try {
    const { binding } = process as unknown as { binding(name: string): Partial<StreamBinding> };
    const { WriteWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync } = binding("stream_wrap");
    if (typeof WriteWrap !== "function" || !(streamBaseState instanceof Int32Array)) return null;
    if (typeof kReadBytesOrError !== "number" || typeof kLastWriteWasAsync !== "number") return null;
    return { WriteWrap, streamBaseState, kReadBytesOrError, kLastWriteWasAsync };
  } catch {
    return null;
  }
}

const stream = findStreamBinding();
const state = stream?.streamBaseState ?? new Int32Array(1);
const readBytesOrError = stream?.kReadBytesOrError ?? 0;
const lastWriteWasAsync = stream?.kLastWriteWasAsync ?? 0;

/** For the next write. Most writes are done at once and leave it unused. */
let spareRequest: WriteRequest | null = stream === null ? null : new stream.WriteWrap();

/** What Node.js does on a read; it is left to it when there are no bytes, but an end or an error. */
let readOfStream: StreamHandle["onread"] | null = null;

/**
 * Gives `user` the handle under a connected socket on which nothing waits, in either direction, and starts reading. The stream over it is
 * left flowing and brings only the end; it may still be written to. Null, and nothing done, if that is not possible: for TLS, or
 * where Node.js is not as this file knows it.
 */
export function takeHandle(socket: net.Socket, user: HandleUser): StreamHandle | null {
  const { _handle: handle, encrypted } = socket as net.Socket & { _handle?: StreamHandle | null; encrypted?: boolean };
  if (stream === null || handle === undefined || handle === null || encrypted === true || socket.destroyed) return null;
  if (typeof handle.useUserBuffer !== "function" || typeof handle.writeLatin1String !== "function") return null;
  if (socket.readableLength > 0 || socket.writableLength > 0) return null;
  readOfStream ??= handle.onread;
  handle[USER] = user;
  handle[SOCKET] = socket;
  handle.useUserBuffer(sharedReadBuffer);
  handle.onread = onRead;
  // Or the stream would start reading when it finds it has stopped.
  socket._read = doNothing;
  startHandle(handle, socket);
  return handle;
}

/** Reads no more until `startHandle`. */
export function stopHandle(handle: StreamHandle): void {
  if (!handle.reading) return;
  handle.reading = false;
  handle.readStop();
}

/** Reads again. An error destroys the socket. */
export function startHandle(handle: StreamHandle, socket: net.Socket): void {
  if (handle.reading) return;
  handle.reading = true;
  const error = handle.readStart();
  if (error !== 0) destroyWith(socket, error, "read");
}

/**
 * Writes bytes, or text whose char codes are the bytes. Answers how many are pending: 0 when the operating system has taken them, else all of them;
 * `handleWritten` tells when they are gone. An error destroys the socket.
 */
export function writeToHandle(handle: StreamHandle, socket: net.Socket, part: Buffer | string): number {
  const request = spareRequest!;
  const error = typeof part === "string" ? handle.writeLatin1String(request, part) : handle.writeBuffer(request, part);
  if (error !== 0) {
    destroyWith(socket, error, "write");
    return 0;
  }
  if (state[lastWriteWasAsync] === 0) return 0;
  request.handle = handle;
  request.bytes = part.length;
  request.buffer = part;
  request.oncomplete = onWritten;
  spareRequest = new stream!.WriteWrap();
  return part.length;
}

function onRead(this: StreamHandle, bytes: ArrayBuffer | undefined): unknown {
  const length = state[readBytesOrError]!;
  if (length <= 0) return readOfStream!.call(this, bytes);
  this[USER].handleData(copyOfRead(sharedReadBuffer, length));
  return undefined;
}

function onWritten(this: WriteRequest, status: number): void {
  const handle = this.handle!;
  // What was cut off with the socket is the business of whoever did it.
  if (status < 0) destroyWith(handle[SOCKET], status, "write");
  else handle[USER].handleWritten(this.bytes!);
}

function destroyWith(socket: net.Socket, error: number, call: string): void {
  if (socket.destroyed) return;
  const code = getSystemErrorName(error);
  socket.destroy(Object.assign(new Error(`${call} ${code}`), { code, syscall: call }));
}

function doNothing(): void {}
