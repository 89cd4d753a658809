import type net from "node:net";

const OWNER = Symbol("connection");
interface OwnedSocket extends net.Socket {
  [OWNER]: SocketOwner;
}

/** What a socket tells its connection. */
export interface SocketOwner {
  handleConnect(): void;
  handleData(data: Buffer): void;
  /** As `setLoanReader` says. */
  handleLentData(data: Buffer): boolean;
  /** Whether `handleLentData` may be called. */
  readonly takesLoans: boolean;
  handleDrain(): void;
  handleEnd(): void;
  handleError(error: NodeJS.ErrnoException): void;
  handleClose(): void;
}

/** Makes `owner` responsible for a socket: it is told of the errors and the end. */
export function ownSocket(socket: net.Socket, owner: SocketOwner): void {
  (socket as OwnedSocket)[OWNER] = owner;
  // Shared functions instead of closures: an idle connection stays small.
  socket.on("error", onError);
  socket.on("close", onClose);
}

/** Starts reading: the owner is told of all else from now on. */
export function startSocket(socket: net.Socket): void {
  if (socket.connecting) socket.on("encrypted" in socket ? "secureConnect" : "connect", onConnect);
  socket.on("drain", onDrain);
  socket.on("end", onEnd);
  socket.on("data", onData);
}

/**
 * Bytes that were read into a buffer of the reader's (the socket's `onread` option) and are overwritten by its next read: the
 * socket's connection gets a copy.
 */
export function deliverRead(socket: net.Socket, bytes: Uint8Array, length: number): void {
  ownerOf(socket).handleData(copyOfRead(bytes, length));
}

/** The first `length` bytes, to keep. */
export function copyOfRead(bytes: Uint8Array, length: number): Buffer {
  const data = Buffer.allocUnsafe(length);
  data.set(length === bytes.length ? bytes : bytes.subarray(0, length));
  return data;
}

/** Whether the socket's connection has a user that takes reads on loan: see `setLoanReader`. */
export function takesLoans(socket: net.Socket): boolean {
  return ownerOf(socket).takesLoans;
}

/** As `deliverRead`, without the copy: `bytes` belongs to this read alone. Answers whether it is still in use. */
export function deliverLentRead(socket: net.Socket, bytes: Buffer, length: number): boolean {
  return ownerOf(socket).handleLentData(length === bytes.length ? bytes : bytes.subarray(0, length));
}

function ownerOf(socket: net.Socket): SocketOwner {
  return (socket as OwnedSocket)[OWNER];
}

function onConnect(this: net.Socket): void {
  ownerOf(this).handleConnect();
}
function onData(this: net.Socket, data: Buffer): void {
  ownerOf(this).handleData(data);
}
function onDrain(this: net.Socket): void {
  ownerOf(this).handleDrain();
}
function onEnd(this: net.Socket): void {
  ownerOf(this).handleEnd();
}
function onError(this: net.Socket, error: Error): void {
  ownerOf(this).handleError(error);
}
function onClose(this: net.Socket): void {
  ownerOf(this).handleClose();
}
