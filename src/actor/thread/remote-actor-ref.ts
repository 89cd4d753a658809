import type { ActorEnd, ActorRef, Message, QuestionsOf, ReplyIn } from "../actor-ref.ts";
import type { DeadLetterReason } from "../inspection/dead-letters.ts";
import { Mailbox, type MailboxPolicy } from "../mailbox.ts";
import { CREDIT_WINDOW } from "./bridge-frame.ts";

/** What a remote ref needs of its bridge. */
export interface RemoteLink {
  /** Sends the message at once. Returns why it couldn't, if so. */
  post(to: string, message: Message): DeadLetterReason | undefined;
  ask(to: string, question: Message, deadlineMs: number): Promise<unknown>;
  watch(to: string, onEnd: (end: ActorEnd) => void): () => void;
  deadLetter(to: string, message: Message, reason: DeadLetterReason): void;
  nowMs(): number;
}

/**
 * An actor on the other side of a thread bridge. Messages go while there is credit; beyond that they wait here, bounded
 * and coalesced by the policy, so that a stuck thread never collects messages without end.
 */
export class RemoteActorRef<M extends Message> implements ActorRef<M> {
  readonly id: string;
  readonly #name: string;
  readonly #link: RemoteLink;
  readonly #outbox: Mailbox<M>;
  #credits = CREDIT_WINDOW;

  /** `name` is the id on the other thread, `id` the one shown here. */
  constructor(id: string, name: string, link: RemoteLink, policy: MailboxPolicy<M> = {}) {
    this.id = id;
    this.#name = name;
    this.#link = link;
    this.#outbox = new Mailbox(policy);
  }

  /** Messages that wait for credit. */
  get outboxLength(): number {
    return this.#outbox.length;
  }

  tell(message: M): void {
    if (this.#credits > 0 && this.#outbox.length === 0) {
      this.#send(message);
      return;
    }
    const offer = this.#outbox.offer(message, this.#link.nowMs());
    if (offer.outcome === "dropped") this.#drop(offer.displaced.message, "mailbox_full");
    if (offer.outcome === "coalesced") this.#outbox.discard(offer.displaced.message);
  }

  ask<Q extends QuestionsOf<M>>(question: Q, deadlineMs: number): Promise<ReplyIn<M, Q>> {
    return this.#link.ask(this.#name, question, deadlineMs) as Promise<ReplyIn<M, Q>>;
  }

  /** Reports the end of the thread. An end of the actor alone isn't seen from here. */
  watch(onEnd: (end: ActorEnd) => void): () => void {
    return this.#link.watch(this.id, onEnd);
  }

  /** @internal The other thread has taken `count` messages. */
  credit(count: number): void {
    this.#credits += count;
    while (this.#credits > 0) {
      const envelope = this.#outbox.take();
      if (envelope === undefined) return;
      this.#send(envelope.message);
    }
  }

  /** @internal The thread is gone: what waits will reach nobody. */
  abandon(): void {
    for (const envelope of this.#outbox.clear()) this.#drop(envelope.message, "thread_gone");
  }

  #send(message: M): void {
    const failure = this.#link.post(this.#name, message);
    if (failure === undefined) this.#credits--;
    else this.#drop(message, failure);
  }

  #drop(message: M, reason: DeadLetterReason): void {
    this.#link.deadLetter(this.id, message, reason);
    this.#outbox.discard(message);
  }
}
