import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { ActorEnd, ActorHandle, ActorRef, Message, QuestionsOf, ReplyIn } from "./actor-ref.ts";
import type { AttributeValue } from "./inspection/actor-report.ts";
import type { MailboxPolicy } from "./mailbox.ts";
import type { RestartPolicy } from "./supervision.ts";

/**
 * Behaviour and state of one actor. Made anew by `ActorSpec.create` at each (re)start. One message at a time: the next
 * is handled when `receive` has returned and its promise, if any, has settled. Anything thrown is a crash.
 */
export interface Actor<M extends Message> {
  /** Runs before the first message. Messages wait meanwhile. */
  start?(): void | Promise<void>;
  receive(message: M): void | Promise<void>;
  /**
   * What the actor shows of its state to people who ask. Anything at all: it is copied, cut to size and rid of secrets by the kit, at once.
   * Called between messages, or while one is waited for. Reads only; must be quick.
   */
  inspect?(): unknown;
  /** Frees what the actor holds. Called once for each instance that was made, after a crash too, even if `start` threw. */
  stop?(): void | Promise<void>;
}

/** What an actor needs to be spawned. */
export interface ActorSpec<M extends Message> {
  /** Unique among the living children of its parent. No slash. */
  readonly name: string;
  /** Kind of actor, for people: `supervisor`, `worker`. */
  readonly kind: string;
  readonly create: (context: ActorContext<M>) => Actor<M>;
  readonly mailbox?: MailboxPolicy<M>;
  readonly restart?: RestartPolicy;
  /** How long `start` may take before it counts as crashed. Default 30000. */
  readonly startTimeoutMs?: number;
  /** How long `stop` and the stopping of children may take after a crash. Default 5000. */
  readonly cleanupTimeoutMs?: number;
}

/** What an actor can do beside handling messages. Belongs to one incarnation: after a crash it does nothing any more. */
export interface ActorContext<M extends Message> {
  readonly self: ActorRef<M>;
  readonly log: Logger;
  readonly clock: Clock;
  readonly timers: TimerWheel;

  /** Starts a child. It is stopped before this actor stops or restarts. Throws if the name is taken. */
  spawn<C extends Message>(spec: ActorSpec<C>): ActorRef<C>;
  /** Stops a child; resolves when it has ended, at the deadline at the latest. */
  stopChild(child: ActorHandle, deadlineMs: number): Promise<void>;

  /** Replies to a question, now or later. Does nothing if the message was told, not asked, or was replied to before. */
  reply<Q extends QuestionsOf<M>>(question: Q, reply: ReplyIn<M, Q>): void;
  /** Answers a question with an error: the ask rejects with reason `refused`. */
  refuse(question: QuestionsOf<M>, error: unknown): void;

  /** Sets a message aside until `unstashAll`. Kept over a restart, ahead of the mailbox. Bounded by the mailbox's capacity. */
  stash(message: M): void;
  /** Puts the stashed messages back to the front of the mailbox, in the order they came. */
  unstashAll(): void;
  /** Says that this actor knows no such message: a dead letter instead of silence. */
  unhandled(message: Message): void;

  /** Death watch: `onEnd` makes the message this actor gets when the other has ended for good. Never dropped. */
  watch(other: ActorHandle, onEnd: (end: ActorEnd) => M): void;
  /** Sends `message` to this actor after a delay, unless it has crashed or stopped by then. Returns a cancel function. */
  sendLater(delayMs: number, message: M): () => void;
  /** Crashes this actor from outside `receive`, such as from a failed promise. */
  escalate(error: unknown): void;
  /** Notes an event in the actor's history, which outlives restarts; see `HistoryEntry`. */
  note(event: string, detail: string, more?: { readonly place?: string }): void;
  /** Shows `value` in the actor tree; undefined takes it away. */
  setAttribute(name: string, value: AttributeValue | undefined): void;
}
