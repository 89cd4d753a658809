import type { ResponseDecoder } from "../../http/codec.ts";
import type { PendingStream, PoolCallbacks } from "./http-conn-pool.ts";

/** Who is told that a waiting request was cancelled; the pool. */
export interface PendingQueueOwner {
  onPendingCancelled(): void;
}

/** A request waiting in a `PendingQueue`. */
export class PendingEntry implements PendingStream {
  readonly decoder: ResponseDecoder;
  readonly callbacks: PoolCallbacks;
  /** @internal The queue's links; null when it has left. */
  queue: PendingQueue | null = null;
  /** @internal */
  previous: PendingEntry | null = null;
  /** @internal */
  next: PendingEntry | null = null;
  /** @internal */
  owner: PendingQueueOwner;

  constructor(decoder: ResponseDecoder, callbacks: PoolCallbacks, owner: PendingQueueOwner) {
    this.decoder = decoder;
    this.callbacks = callbacks;
    this.owner = owner;
  }

  /** Does nothing once the answer has come. */
  cancel(): void {
    if (this.queue === null) return;
    this.queue.remove(this);
    this.owner.onPendingCancelled();
  }
}

/** Requests waiting for a connection, first come first served; any of them may leave at any time, in constant time. */
export class PendingQueue {
  #head: PendingEntry | null = null;
  #tail: PendingEntry | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(entry: PendingEntry): void {
    entry.queue = this;
    entry.previous = this.#tail;
    if (this.#tail === null) this.#head = entry;
    else this.#tail.next = entry;
    this.#tail = entry;
    this.#size++;
  }

  /** Takes over all of `other`, behind those that are here; `owner` is told of them from now on. */
  take(other: PendingQueue, owner: PendingQueueOwner): void {
    for (let entry = other.shift(); entry !== null; entry = other.shift()) {
      entry.owner = owner;
      this.push(entry);
    }
  }

  /** Takes out the one that has waited longest. */
  shift(): PendingEntry | null {
    const entry = this.#head;
    if (entry !== null) this.remove(entry);
    return entry;
  }

  /** `entry` must be in this queue. */
  remove(entry: PendingEntry): void {
    if (entry.previous === null) this.#head = entry.next;
    else entry.previous.next = entry.next;
    if (entry.next === null) this.#tail = entry.previous;
    else entry.next.previous = entry.previous;
    entry.queue = null;
    entry.previous = null;
    entry.next = null;
    this.#size--;
  }
}
