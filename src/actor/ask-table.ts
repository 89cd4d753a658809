import type { TimerWheel } from "../base/timer-wheel.ts";
import type { Message } from "./actor-ref.ts";
import { PendingAsk } from "./pending-ask.ts";

/** The open questions of one actor: which message waits for a reply, and who is told when none can come. */
export class AskTable {
  readonly #timers: TimerWheel;
  readonly #open = new Set<PendingAsk>();
  /** By the message object itself, so that a reply can come at any time without an id in the protocol. */
  readonly #byQuestion = new WeakMap<Message, PendingAsk>();

  constructor(timers: TimerWheel) {
    this.#timers = timers;
  }

  /** How many questions wait. */
  get openCount(): number {
    return this.#open.size;
  }

  open(actorId: string, messageType: string, deadlineMs: number): PendingAsk {
    const ask = new PendingAsk(this.#timers, deadlineMs, `${messageType} to ${actorId}`, (settled) => {
      this.#open.delete(settled);
    });
    this.#open.add(ask);
    return ask;
  }

  /** Notes which object the actor will reply to. A question that is open already needs an object of its own. */
  bind<M extends Message>(question: M, ask: PendingAsk): M {
    const own = this.#byQuestion.get(question)?.settled === false ? { ...question } : question;
    this.#byQuestion.set(own, ask);
    return own;
  }

  of(question: Message): PendingAsk | undefined {
    return this.#byQuestion.get(question);
  }

  /** The actor crashed: what it had been handed is lost; what waits in its mailbox is not. */
  failTaken(detail: string, cause: unknown): void {
    for (const ask of [...this.#open]) if (ask.taken) ask.fail("crashed", detail, cause);
  }

  failAll(reason: "stopped" | "crashed", detail: string): void {
    for (const ask of [...this.#open]) ask.fail(reason, detail);
  }
}
