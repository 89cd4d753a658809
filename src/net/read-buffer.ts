import type net from "node:net";
import { deliverLentRead, deliverRead, takesLoans } from "./owned-socket.ts";
import { giveBackReadBuffer, takeReadBuffer } from "./read-buffer-pool.ts";
import { sharedReadBuffer } from "./shared-read-buffer.ts";

/** A read of this size says that there is more where it came from. */
const BULK_BYTES = 64 * 1024;
/** Reads below this size say that there is not. */
const SMALL_BYTES = 16 * 1024;
/** After so many small reads in a row a socket gives its buffer back. */
const SMALL_READS = 8;
/** So many sockets of a thread may have a buffer of their own; those that fell idle with one count until they close. */
const OWNER_LIMIT = 128;

let owners = 0;

/**
 * What one socket reads into (its `onread` option). Where the socket's user takes reads on loan, and many bytes come, the socket
 * gets a buffer of its own: its bytes are written on from there and never copied. A socket with little traffic has none.
 */
export class ReadBuffer {
  #own: Buffer | null = null;
  /** What was read last is still being written. */
  #inUse = false;
  #smallReads = 0;
  /** Whether the socket's end is listened to. */
  #watched = false;

  /** For `onread`: what the next read goes into. */
  next(): Buffer {
    if (this.#own === null) return sharedReadBuffer;
    if (this.#inUse) {
      this.#own = takeReadBuffer();
      this.#inUse = false;
    }
    return this.#own;
  }

  /** For `onread`: `length` bytes are in what `next` gave. */
  onRead(socket: net.Socket, length: number): void {
    const own = this.#own;
    if (own === null) {
      deliverRead(socket, sharedReadBuffer, length);
      if (length >= BULK_BYTES && owners < OWNER_LIMIT && takesLoans(socket)) this.#acquire(socket);
      return;
    }
    this.#inUse = deliverLentRead(socket, own, length);
    this.#smallReads = length < SMALL_BYTES ? this.#smallReads + 1 : 0;
    if (this.#smallReads < SMALL_READS) return;
    this.#release();
  }

  #acquire(socket: net.Socket): void {
    if (socket.destroyed) return;
    owners++;
    this.#own = takeReadBuffer();
    if (this.#watched) return;
    this.#watched = true;
    socket.once("close", () => this.#release());
  }

  #release(): void {
    if (this.#own === null) return;
    owners--;
    if (!this.#inUse) giveBackReadBuffer(this.#own);
    this.#own = null;
    this.#inUse = false;
    this.#smallReads = 0;
  }
}

/** What of an accepted socket decides where it reads to; Node.js (26) gives it no names that others may use. */
interface UserBufferSocket extends net.Socket {
  readonly _handle?: { useUserBuffer?(buffer: Buffer): void } | null;
  readonly encrypted?: boolean;
}

/** The fields behind `onread`: the same symbols in all sockets. */
interface ReadFields {
  readonly buffer: symbol;
  readonly callback: symbol;
  readonly generator: symbol;
}

/** Undefined until the first socket was looked at; null if this Node.js has other fields. */
let readFields: ReadFields | null | undefined;

function findReadFields(socket: net.Socket): ReadFields | null {
  const symbols = Object.getOwnPropertySymbols(socket);
  const named = (name: string): symbol | undefined => symbols.find(({ description }) => description === name);
  const [buffer, callback, generator] = [named("kBuffer"), named("kBufferCb"), named("kBufferGen")];
  if (buffer === undefined || callback === undefined || generator === undefined) return null;
  return { buffer, callback, generator };
}

/**
 * Gives an accepted socket a `ReadBuffer`, before it has read anything. Node.js has an option for that, `onread`, only for sockets that
 * connect; here is done what the option does. False, and nothing done, if this Node.js or this socket does it in another way.
 */
export function useReadBuffer(socket: net.Socket): boolean {
  const { _handle: handle, encrypted } = socket as UserBufferSocket;
  // What has been put back into the stream must come before what a read of ours brings.
  if (socket.readableLength > 0 || encrypted === true || typeof handle?.useUserBuffer !== "function") return false;
  if (readFields === undefined) readFields = findReadFields(socket);
  if (readFields === null) return false;
  const reader = new ReadBuffer();
  const first = reader.next();
  const fields = socket as unknown as Record<symbol, unknown>;
  fields[readFields.buffer] = first;
  fields[readFields.generator] = () => reader.next();
  fields[readFields.callback] = (length: number): boolean => {
    reader.onRead(socket, length);
    return true;
  };
  handle.useUserBuffer(first);
  return true;
}
