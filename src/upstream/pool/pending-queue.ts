import type { ResponseDecoder } from "../../http/codec.ts";
import type { ResourcePriority } from "../circuit-breaker/circuit-breaker.ts";
import type { ClusterInfo } from "../cluster-info.ts";
import type { Host } from "../host.ts";
import type { PendingStream, PoolCallbacks, PoolFailureReason } from "./http-conn-pool.ts";

/** The pool whose requests wait. */
export interface PendingQueueOwner {
  readonly host: Host;
  readonly priority: ResourcePriority;
  /** Of the cluster as it is now. */
  readonly info: ClusterInfo;
  /** One that waited has been cancelled, and counted. */
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

  constructor(decoder: ResponseDecoder, callbacks: PoolCallbacks) {
    this.decoder = decoder;
    this.callbacks = callbacks;
  }

  /** Does nothing once the answer has come. */
  cancel(): void {
    this.queue?.cancel(this);
  }
}

/**
 * Requests waiting for a connection of one pool, first come first served; any of them may leave at any time, in constant time. They count for
 * `max_pending_requests` and in `upstream_rq_pending_*`.
 */
export class PendingQueue {
  readonly #owner: PendingQueueOwner;
  #head: PendingEntry | null = null;
  #tail: PendingEntry | null = null;
  #size = 0;

  constructor(owner: PendingQueueOwner) {
    this.#owner = owner;
  }

  get size(): number {
    return this.#size;
  }

  /** Lets a request wait. Null if as many wait as may: it has been told. */
  add(decoder: ResponseDecoder, callbacks: PoolCallbacks): PendingEntry | null {
    const { info, host, priority } = this.#owner;
    const { rq } = info.stats;
    if (!info.circuitBreakers[priority].pendingRequests.tryAcquire()) {
      rq.pendingOverflow.inc();
      callbacks.onPoolFailure("overflow", "", host);
      return null;
    }
    rq.pendingTotal.inc();
    rq.pendingActive.inc();
    const entry = new PendingEntry(decoder, callbacks);
    this.#link(entry);
    return entry;
  }

  /** Takes over all of `other`, behind those that are here. */
  take(other: PendingQueue): void {
    for (let entry = other.#head; entry !== null; entry = other.#head) {
      other.#unlink(entry);
      this.#link(entry);
    }
  }

  /** Takes out the one that has waited longest. */
  shift(): PendingEntry | null {
    const entry = this.#head;
    if (entry !== null) this.#leave(entry);
    return entry;
  }

  /** Takes out one that is here because nobody wants its answer any more. */
  cancel(entry: PendingEntry): void {
    this.#leave(entry);
    this.#owner.info.stats.rq.cancelled.inc();
    this.#owner.onPendingCancelled();
  }

  /** Tells all that wait now that there is no connection for them. */
  fail(reason: PoolFailureReason, transportFailureReason: string): void {
    if (this.#size === 0) return;
    // A request that comes back from its callback waits anew, behind all of these.
    const failed = new PendingQueue(this.#owner);
    failed.take(this);
    for (let entry = failed.shift(); entry !== null; entry = failed.shift()) {
      this.#owner.info.stats.rq.pendingFailureEject.inc();
      entry.callbacks.onPoolFailure(reason, transportFailureReason, this.#owner.host);
    }
  }

  #leave(entry: PendingEntry): void {
    const { info, priority } = this.#owner;
    this.#unlink(entry);
    info.stats.rq.pendingActive.dec();
    info.circuitBreakers[priority].pendingRequests.release();
  }

  #link(entry: PendingEntry): void {
    entry.queue = this;
    entry.previous = this.#tail;
    if (this.#tail === null) this.#head = entry;
    else this.#tail.next = entry;
    this.#tail = entry;
    this.#size++;
  }

  #unlink(entry: PendingEntry): void {
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
