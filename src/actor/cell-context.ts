import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { ActorContext, ActorSpec } from "./actor.ts";
import type { ActorEnvironment } from "./actor-environment.ts";
import type { ActorEnd, ActorHandle, ActorRef, Message, QuestionsOf, ReplyIn } from "./actor-ref.ts";
import { describeError } from "./ask-error.ts";
import type { AskTable } from "./ask-table.ts";
import type { CellFamily } from "./cell-family.ts";
import type { ActorHistory } from "./inspection/actor-history.ts";
import type { AttributeValue } from "./inspection/actor-report.ts";

/** The cell as its context uses it. */
export interface ContextCell<M extends Message> extends ActorRef<M> {
  readonly environment: ActorEnvironment;
  readonly log: Logger;
  readonly family: CellFamily;
  readonly asks: AskTable;
  signal(message: M): void;
  stash(message: M): void;
  unstashAll(): void;
  unhandled(message: Message): void;
  crash(context: CellContext<M>, error: unknown): void;
  setAttribute(name: string, value: AttributeValue | undefined): void;
  readonly history: ActorHistory;
}

/** The context of one incarnation of an actor. Once closed, it has no effect any more. */
export class CellContext<M extends Message> implements ActorContext<M> {
  readonly self: ActorRef<M>;
  readonly log: Logger;
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly #cell: ContextCell<M>;
  /** Ends what this incarnation has set up: its timers and watches. */
  readonly #disposers = new Set<() => void>();
  #closed = false;
  /** @internal True once `start` has finished. */
  started = false;
  /** @internal When the message being handled was taken. */
  currentStartMs = 0;

  constructor(cell: ContextCell<M>) {
    this.#cell = cell;
    this.self = cell;
    this.log = cell.log;
    this.clock = cell.environment.clock;
    this.timers = cell.environment.timers;
  }

  /** @internal */
  close(): void {
    this.#closed = true;
    for (const dispose of this.#disposers) dispose();
    this.#disposers.clear();
  }

  spawn<C extends Message>(spec: ActorSpec<C>): ActorRef<C> {
    if (this.#closed) throw new Error(`${this.#cell.id} has ended and can't start ${spec.name}`);
    return this.#cell.family.spawn(spec);
  }

  stopChild(child: ActorHandle, deadlineMs: number): Promise<void> {
    return this.#cell.family.stop(child.id, deadlineMs);
  }

  reply<Q extends QuestionsOf<M>>(question: Q, reply: ReplyIn<M, Q>): void {
    if (!this.#closed) this.#cell.asks.of(question)?.succeed(reply);
  }

  refuse(question: QuestionsOf<M>, error: unknown): void {
    if (!this.#closed) this.#cell.asks.of(question)?.fail("refused", describeError(error), error);
  }

  stash(message: M): void {
    if (!this.#closed) this.#cell.stash(message);
  }

  unstashAll(): void {
    if (!this.#closed) this.#cell.unstashAll();
  }

  unhandled(message: Message): void {
    this.#cell.unhandled(message);
  }

  watch(other: ActorHandle, onEnd: (end: ActorEnd) => M): void {
    if (this.#closed) return;
    const watch = { ended: false, unwatch: () => {} };
    const dispose = (): void => watch.unwatch();
    watch.unwatch = other.watch((end) => {
      watch.ended = true;
      this.#disposers.delete(dispose);
      if (!this.#closed) this.#cell.signal(onEnd(end));
    });
    if (!watch.ended) this.#disposers.add(dispose);
  }

  sendLater(delayMs: number, message: M): () => void {
    if (this.#closed) return () => {};
    const timer = this.timers.timer(() => {
      this.#disposers.delete(cancel);
      this.#cell.signal(message);
    });
    const cancel = (): void => {
      timer.disarm();
      this.#disposers.delete(cancel);
    };
    timer.arm(delayMs);
    this.#disposers.add(cancel);
    return cancel;
  }

  escalate(error: unknown): void {
    this.#cell.crash(this, error);
  }

  note(event: string, detail: string, more?: { readonly place?: string }): void {
    if (!this.#closed) this.#cell.history.add(event, detail, more);
  }

  setAttribute(name: string, value: AttributeValue | undefined): void {
    if (!this.#closed) this.#cell.setAttribute(name, value);
  }
}
