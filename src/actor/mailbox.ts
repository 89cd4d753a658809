import type { Message } from "./actor-ref.ts";
import type { PendingAsk } from "./pending-ask.ts";

/** What happens to a message that finds the mailbox full: it goes, or the oldest one that may go makes room for it. */
export type Overflow = "drop_newest" | "drop_oldest";

/** How one mailbox is bounded. */
export interface MailboxPolicy<M extends Message> {
  /** Most messages that wait at once. Default 1000. */
  readonly capacity?: number;
  /** By default `drop_newest`. Questions are never dropped to make room: they are refused on arrival. */
  readonly overflow?: Overflow;
  /**
   * Key of a message of which only the latest matters, or undefined for a message that counts. A message with a key
   * takes the place of a waiting one with the same key. Questions are never coalesced.
   */
  readonly coalesceBy?: (message: M) => string | undefined;
  /** Called for a message that this mailbox takes and nobody will handle, to free what it carries (a socket). */
  readonly onDropped?: (message: M) => void;
  /** Size of a message in bytes, if it is known; for inspection only. */
  readonly sizeBytes?: (message: M) => number | undefined;
}

/** Default of `MailboxPolicy.capacity`. */
const DEFAULT_CAPACITY = 1000;

/** A message in its mailbox. */
export interface Envelope<M extends Message> {
  message: M;
  enqueuedAtMs: number;
  readonly ask: PendingAsk | undefined;
  readonly key: string | undefined;
  /** Called when the message needs no room any more. */
  onTaken: (() => void) | undefined;
}

/** What became of an offered message. `displaced` lost its place to it. */
export type OfferOutcome<M extends Message> =
  | { readonly outcome: "queued" }
  | { readonly outcome: "coalesced"; readonly displaced: Envelope<M> }
  | { readonly outcome: "dropped"; readonly displaced: Envelope<M> };

const QUEUED = { outcome: "queued" } as const;

/**
 * The bounded queue of one actor. Order is by arrival; a coalesced message keeps the place of the one it replaces, so
 * a busy sender can't push it back for ever. Signals of the kit go past the bound and past the queue.
 */
export class Mailbox<M extends Message> {
  readonly capacity: number;
  readonly #policy: MailboxPolicy<M>;
  /** Waiting envelopes are `#queue[#head..]`; the front part is cut off now and then. */
  #queue: Envelope<M>[] = [];
  #head = 0;
  readonly #signals: Envelope<M>[] = [];
  readonly #byKey = new Map<string, Envelope<M>>();
  dropped = 0;
  coalesced = 0;

  constructor(policy: MailboxPolicy<M> = {}) {
    this.#policy = policy;
    this.capacity = policy.capacity ?? DEFAULT_CAPACITY;
  }

  get length(): number {
    return this.#queue.length - this.#head + this.#signals.length;
  }

  sizeOf(message: M): number | undefined {
    return this.#policy.sizeBytes?.(message);
  }

  /** Frees what a message carried that nobody will handle. */
  discard(message: M): void {
    this.#policy.onDropped?.(message);
  }

  /** Age of the message that has waited longest, or undefined if none waits. */
  oldestAgeMs(nowMs: number): number | undefined {
    const oldest = this.#signals[0] ?? this.#queue[this.#head];
    return oldest === undefined ? undefined : nowMs - oldest.enqueuedAtMs;
  }

  offer(message: M, nowMs: number, ask?: PendingAsk, onTaken?: () => void): OfferOutcome<M> {
    const key = ask === undefined ? this.#policy.coalesceBy?.(message) : undefined;
    const envelope: Envelope<M> = { message, enqueuedAtMs: nowMs, ask, key, onTaken };
    if (key !== undefined) {
      const waiting = this.#byKey.get(key);
      if (waiting !== undefined) return this.#replace(waiting, envelope);
    }
    if (this.#queue.length - this.#head >= this.capacity) return this.#overflow(envelope);
    this.#push(envelope);
    return QUEUED;
  }

  /** Queues a message of the kit itself (the end of a watched actor, a due timer): never refused, handled first. */
  signal(message: M, nowMs: number): void {
    this.#signals.push({ message, enqueuedAtMs: nowMs, ask: undefined, key: undefined, onTaken: undefined });
  }

  /** Puts messages that had been taken before back to the front, in their order. Not bounded: their number was. */
  putBack(envelopes: readonly Envelope<M>[]): void {
    this.#queue = [...envelopes, ...this.#queue.slice(this.#head)];
    this.#head = 0;
  }

  take(): Envelope<M> | undefined {
    const signal = this.#signals.shift();
    if (signal !== undefined) return signal;
    const envelope = this.#queue[this.#head];
    if (envelope === undefined) return undefined;
    this.#head++;
    if (this.#head > 64 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    this.#forgetKey(envelope);
    return envelope;
  }

  /** Empties the mailbox and returns what was in it. */
  clear(): Envelope<M>[] {
    const rest = [...this.#signals, ...this.#queue.slice(this.#head)];
    this.#signals.length = 0;
    this.#queue = [];
    this.#head = 0;
    this.#byKey.clear();
    return rest;
  }

  #push(envelope: Envelope<M>): void {
    this.#queue.push(envelope);
    if (envelope.key !== undefined) this.#byKey.set(envelope.key, envelope);
  }

  #replace(waiting: Envelope<M>, envelope: Envelope<M>): OfferOutcome<M> {
    const displaced = { ...waiting };
    waiting.message = envelope.message;
    waiting.onTaken = envelope.onTaken;
    this.coalesced++;
    return { outcome: "coalesced", displaced };
  }

  #overflow(envelope: Envelope<M>): OfferOutcome<M> {
    this.dropped++;
    if (this.#policy.overflow !== "drop_oldest" || envelope.ask !== undefined) {
      return { outcome: "dropped", displaced: envelope };
    }
    const at = this.#queue.findIndex((waiting, index) => index >= this.#head && waiting.ask === undefined);
    if (at === -1) return { outcome: "dropped", displaced: envelope };
    const [displaced] = this.#queue.splice(at, 1);
    this.#forgetKey(displaced!);
    this.#push(envelope);
    return { outcome: "dropped", displaced: displaced! };
  }

  #forgetKey(envelope: Envelope<M>): void {
    if (envelope.key !== undefined && this.#byKey.get(envelope.key) === envelope) this.#byKey.delete(envelope.key);
  }
}
