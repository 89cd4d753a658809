import type { Logger } from "../base/log.ts";
import type { WheelTimer } from "../base/timer-wheel.ts";
import type { Actor, ActorSpec } from "./actor.ts";
import type { ActorEnvironment } from "./actor-environment.ts";
import type { ActorEnd, Message, QuestionsOf, ReplyIn } from "./actor-ref.ts";
import { describeError } from "./ask-error.ts";
import { AskTable } from "./ask-table.ts";
import { CellContext, type ContextCell } from "./cell-context.ts";
import { CellFamily, type FamilyMember } from "./cell-family.ts";
import { ActorHistory, type HistoryEntry, stackOf } from "./inspection/actor-history.ts";
import type { ActorReport, AttributeValue } from "./inspection/actor-report.ts";
import type { DeadLetterReason } from "./inspection/dead-letters.ts";
import { MessageLedger } from "./inspection/message-ledger.ts";
import { type ShownState, shownState } from "./inspection/shown-state.ts";
import { Lifecycle } from "./lifecycle.ts";
import { type Envelope, Mailbox } from "./mailbox.ts";
import { MailboxAlarm } from "./mailbox-alarm.ts";
import type { MessageOutcome, MessageRecord } from "./message-ring.ts";
import type { PendingAsk } from "./pending-ask.ts";
import { settleWithin } from "./settle-within.ts";
import { ChildSupervision, type CrashRecord } from "./supervision.ts";

/** Messages handled before other work of the thread gets its turn. */
const BATCH = 32;
const DEFAULT_START_TIMEOUT_MS = 30_000;
const DEFAULT_CLEANUP_TIMEOUT_MS = 5_000;

/** One actor's place on its thread: its mailbox, its state of life and its present instance. It outlives restarts. */
export class ActorCell<M extends Message> implements ContextCell<M>, FamilyMember {
  readonly id: string;
  readonly spec: ActorSpec<M>;
  readonly environment: ActorEnvironment;
  readonly log: Logger;
  readonly family: CellFamily;
  readonly asks: AskTable;
  readonly history: ActorHistory;
  readonly ledger: MessageLedger;

  readonly #lifecycle = new Lifecycle();
  readonly #mailbox: Mailbox<M>;
  readonly #alarm: MailboxAlarm;
  readonly #supervision: ChildSupervision;
  readonly #attributes = new Map<string, AttributeValue>();
  readonly #watchers = new Set<(end: ActorEnd) => void>();
  readonly #restartTimer: WheelTimer;
  #stash: Envelope<M>[] = [];
  #actor: Actor<M> | undefined;
  #context: CellContext<M> | undefined;
  /** True from the hand-over of a message until `receive` has settled. */
  #busy = false;
  #current: Envelope<M> | undefined;
  #currentOutcome: MessageOutcome = "handled";
  #turnScheduled = false;
  #lastError: string | undefined;
  #end: ActorEnd | undefined;
  #stopping: Promise<void> | undefined;
  /** Set while `stop` waits for the last message. */
  #onIdle: (() => void) | undefined;
  /** The clean-up after the last crash. */
  #cleanup: Promise<void> = Promise.resolve();

  constructor(id: string, spec: ActorSpec<M>, environment: ActorEnvironment) {
    this.id = id;
    this.spec = spec;
    this.environment = environment;
    this.family = new CellFamily(id, (childId, child) => new ActorCell(childId, child, environment));
    this.log = environment.log.child({ actor: id });
    this.asks = new AskTable(environment.timers);
    this.#mailbox = new Mailbox(spec.mailbox);
    this.#alarm = new MailboxAlarm(Math.min(environment.alarmLength, this.#mailbox.capacity));
    this.ledger = new MessageLedger(id, environment);
    this.history = new ActorHistory(environment.clock);
    this.#supervision = new ChildSupervision(environment.clock, environment.random, spec.restart);
    this.#restartTimer = environment.timers.timer(() => this.#restart());
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  tell(message: M): void {
    this.#offer(message, undefined, undefined);
  }

  deliver(message: M, onTaken: () => void): void {
    this.#offer(message, undefined, onTaken);
  }

  ask<Q extends QuestionsOf<M>>(question: Q, deadlineMs: number): Promise<ReplyIn<M, Q>> {
    return this.askAny(question, deadlineMs) as Promise<ReplyIn<M, Q>>;
  }

  /** As `ask`, for callers that don't know the protocol. */
  askAny(question: M, deadlineMs: number): Promise<unknown> {
    const ask = this.asks.open(this.id, question.type, deadlineMs);
    this.#offer(this.asks.bind(question, ask), ask, undefined);
    return ask.promise;
  }

  watch(onEnd: (end: ActorEnd) => void): () => void {
    if (this.#end !== undefined) {
      onEnd(this.#end);
      return () => {};
    }
    const watcher = (end: ActorEnd): void => onEnd(end);
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Makes the first instance. Called once, right after construction. */
  start(): void {
    this.#makeInstance();
  }

  /** Resolves once the actor has ended; at the deadline the rest is cut off. Repeated calls join the first. */
  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#stop(deadlineMs);
    return this.#stopping;
  }

  recentMessages(): MessageRecord[] {
    return this.ledger.recent();
  }

  historyEntries(): HistoryEntry[] {
    return this.history.entries();
  }

  shownState(): ShownState | null {
    const actor = this.#actor;
    if (actor?.inspect === undefined) return null;
    try {
      return shownState(actor.inspect());
    } catch (error) {
      return shownState({ error: `the actor can't describe itself: ${describeError(error)}` });
    }
  }

  report(): ActorReport {
    const nowMs = this.environment.clock.nowMs();
    return {
      id: this.id,
      kind: this.spec.kind,
      thread: this.environment.thread,
      status: this.#lifecycle.state,
      attributes: Object.fromEntries(this.#attributes),
      mailboxLength: this.#mailbox.length,
      mailboxCapacity: this.#mailbox.capacity,
      mailboxAlarm: this.#alarm.raised,
      oldestMessageAgeMs: this.#mailbox.oldestAgeMs(nowMs),
      ...this.ledger.summary(nowMs),
      dropped: this.#mailbox.dropped,
      coalesced: this.#mailbox.coalesced,
      stashed: this.#stash.length,
      restarts: this.#supervision.restarts,
      lastError: this.#lastError,
      crashes: this.#supervision.history(),
      reportAgeMs: 0,
      answering: true,
      children: this.family.reports(),
    };
  }

  setAttribute(name: string, value: AttributeValue | undefined): void {
    if (value === undefined) this.#attributes.delete(name);
    else this.#attributes.set(name, value);
  }

  /** Queues a message of the kit: past the bound and first in line. */
  signal(message: M): void {
    if (this.#end !== undefined) return;
    this.#mailbox.signal(message, this.environment.clock.nowMs());
    this.#wake();
  }

  /** Sets the message being handled, or one handled before, aside. */
  stash(message: M): void {
    if (this.#stash.length >= this.#mailbox.capacity) {
      this.asks.of(message)?.fail("mailbox_full", "the stash is full");
      this.#deadLetter(message, "stash_full");
      return;
    }
    const ask = this.asks.of(message);
    if (ask !== undefined) ask.taken = false;
    const enqueuedAtMs = this.#current?.enqueuedAtMs ?? this.environment.clock.nowMs();
    this.#stash.push({ message, enqueuedAtMs, ask, key: undefined, onTaken: undefined });
    this.#currentOutcome = "stashed";
  }

  unstashAll(): void {
    if (this.#stash.length === 0) return;
    this.#mailbox.putBack(this.#stash);
    this.#stash = [];
    this.#wake();
  }

  unhandled(message: Message): void {
    this.#currentOutcome = "unhandled";
    this.asks.of(message)?.fail("refused", "the actor knows no such message");
    this.environment.deadLetters.record(this.id, message.type, "unhandled");
  }

  /** Ends the present instance because of `error`. Does nothing if `context` belongs to an earlier one. */
  crash(context: CellContext<M>, error: unknown): void {
    if (context !== this.#context || this.#end !== undefined) return;
    const actor = this.#actor;
    this.#leaveInstance(error);
    this.history.add("crashed", this.#lastError, { stack: stackOf(error) });
    if (this.#lifecycle.state === "draining") {
      this.log.error({ error: this.#lastError }, "actor crashed while it was stopping");
      this.#cleanup = this.#cleanUp(actor, this.spec.cleanupTimeoutMs ?? DEFAULT_CLEANUP_TIMEOUT_MS);
      this.#onIdle?.();
      return;
    }
    this.#lifecycle.moveTo("failed");
    const crash = this.#supervision.onCrash(error);
    this.log.error({ error: crash.error, action: crash.action, delayMs: crash.delayMs }, "actor crashed");
    this.environment.onEvent({ type: "actorCrashed", id: this.id, crash });
    this.#cleanup = this.#cleanUp(actor, this.spec.cleanupTimeoutMs ?? DEFAULT_CLEANUP_TIMEOUT_MS);
    void this.#cleanup.then(() => this.#afterCleanup(crash));
  }

  #makeInstance(): void {
    const context = new CellContext(this);
    this.#context = context;
    try {
      this.#actor = this.spec.create(context);
      const started = this.#actor.start?.();
      if (started === undefined) this.#onStarted(context);
      else void this.#awaitStart(context, started);
    } catch (error) {
      this.crash(context, error);
    }
  }

  async #awaitStart(context: CellContext<M>, started: Promise<void>): Promise<void> {
    const timeoutMs = this.spec.startTimeoutMs ?? DEFAULT_START_TIMEOUT_MS;
    try {
      const outcome = await settleWithin(this.environment.timers, timeoutMs, started);
      if (outcome === "late") throw new Error(`did not start within ${timeoutMs} ms`);
      this.#onStarted(context);
    } catch (error) {
      this.crash(context, error);
    }
  }

  #onStarted(context: CellContext<M>): void {
    if (context !== this.#context) return;
    if (this.#lifecycle.state === "starting") this.#lifecycle.moveTo("running");
    context.started = true;
    this.history.add("started");
    this.#wake();
    this.#reportIdle();
  }

  /** Cuts the present instance off: what it still does has no effect. */
  #leaveInstance(error: unknown): void {
    this.#lastError = describeError(error);
    const current = this.#current;
    if (this.#busy && current !== undefined) this.#noteTaken(current, this.#context?.currentStartMs ?? 0, "failed");
    this.#context?.close();
    this.#context = undefined;
    this.#actor = undefined;
    this.#busy = false;
    this.#current = undefined;
    this.asks.failTaken(`the actor crashed: ${this.#lastError}`, error);
  }

  async #cleanUp(actor: Actor<M> | undefined, deadlineMs: number): Promise<void> {
    const stopActor = async (): Promise<void> => {
      await this.family.stopAll(deadlineMs);
      await actor?.stop?.();
    };
    try {
      const outcome = await settleWithin(this.environment.timers, deadlineMs, stopActor());
      if (outcome === "late") this.log.error({ deadlineMs }, "actor did not clean up in time");
    } catch (error) {
      this.log.error({ error: describeError(error) }, "actor failed to clean up");
    }
  }

  #afterCleanup(crash: CrashRecord): void {
    if (this.#stopping !== undefined || this.#end !== undefined) return;
    if (crash.action === "restart") this.#restartTimer.arm(crash.delayMs);
    else this.#finish("failed");
  }

  #restart(): void {
    this.#lifecycle.moveTo("starting");
    this.#mailbox.putBack(this.#stash);
    this.#stash = [];
    this.log.warn({ restarts: this.#supervision.restarts }, "actor restarts");
    this.history.add("restarted", `restart ${this.#supervision.restarts}`);
    this.environment.onEvent({ type: "actorRestarted", id: this.id, restarts: this.#supervision.restarts });
    this.#makeInstance();
  }

  async #stop(deadlineMs: number): Promise<void> {
    if (this.#end !== undefined) {
      if (this.#lifecycle.state === "failed") this.#lifecycle.moveTo("stopped");
      return;
    }
    const { clock, timers } = this.environment;
    const endMs = clock.nowMs() + deadlineMs;
    this.#restartTimer.disarm();
    if (this.#lifecycle.state !== "failed") {
      this.#lifecycle.moveTo("draining");
      this.history.add("drained", `${this.#mailbox.length} messages left to handle`);
      this.unstashAll();
      const idle = new Promise<void>((resolve) => {
        this.#onIdle = resolve;
      });
      this.#reportIdle();
      const outcome = await settleWithin(timers, deadlineMs, idle);
      this.#onIdle = undefined;
      if (outcome === "late") this.log.warn({ deadlineMs, left: this.#mailbox.length }, "actor cut off while stopping");
    }
    await settleWithin(timers, endMs - clock.nowMs(), this.#cleanup);
    const actor = this.#actor;
    this.#actor = undefined;
    // At least one turn of the wheel, so that a stop hook that does not wait still gets its chance.
    await this.#cleanUp(actor, Math.max(endMs - clock.nowMs(), 0));
    this.#finish("stopped");
  }

  #finish(reason: "stopped" | "failed"): void {
    this.#context?.close();
    this.#context = undefined;
    this.#actor = undefined;
    if (reason === "stopped") this.#lifecycle.moveTo("stopped");
    this.history.add(reason === "stopped" ? "stopped" : "gaveUp", this.#lastError);
    this.#end = { id: this.id, reason, error: this.#lastError };
    for (const envelope of [...this.#stash, ...this.#mailbox.clear()]) {
      this.#deadLetter(envelope.message, "stopped");
      envelope.onTaken?.();
    }
    this.#stash = [];
    this.asks.failAll(reason === "stopped" ? "stopped" : "crashed", `the actor has ${reason}`);
    // What is stopped on purpose is no news; why it stopped is somebody else's to say.
    if (reason === "stopped") this.log.debug({ reason }, "actor ended");
    else this.log.info({ reason, error: this.#lastError }, "actor ended");
    this.environment.onEvent({ type: "actorEnded", id: this.id, end: this.#end });
    for (const watcher of this.#watchers) watcher(this.#end);
    this.#watchers.clear();
  }

  #offer(message: M, ask: PendingAsk | undefined, onTaken: (() => void) | undefined): void {
    if (this.#end !== undefined || !this.#lifecycle.accepts) {
      ask?.fail("stopped", `the actor is ${this.#lifecycle.state}`);
      this.#deadLetter(message, "stopped");
      onTaken?.();
      return;
    }
    const offer = this.#mailbox.offer(message, this.environment.clock.nowMs(), ask, onTaken);
    if (offer.outcome !== "queued") offer.displaced.onTaken?.();
    if (offer.outcome === "coalesced") this.#mailbox.discard(offer.displaced.message);
    if (offer.outcome === "dropped") {
      offer.displaced.ask?.fail("mailbox_full", `the mailbox holds ${this.#mailbox.capacity} messages already`);
      this.#deadLetter(offer.displaced.message, "mailbox_full");
    }
    this.ledger.noteOffered(message.type, offer.outcome);
    this.#observeLength();
    this.#wake();
  }

  #wake(): void {
    if (this.#turnScheduled || this.#busy || !this.#canHandle()) return;
    this.#turnScheduled = true;
    this.environment.schedule(() => this.#turn());
  }

  #canHandle(): boolean {
    if (this.#actor === undefined || this.#context?.started !== true) return false;
    return this.#lifecycle.handles && this.#mailbox.length > 0;
  }

  #turn(): void {
    this.#turnScheduled = false;
    for (let count = 0; count < BATCH && !this.#busy && this.#canHandle(); count++) this.#handleNext();
    this.#observeLength();
    this.#wake();
    this.#reportIdle();
  }

  #handleNext(): void {
    const envelope = this.#mailbox.take();
    const context = this.#context;
    const actor = this.#actor;
    if (envelope === undefined || context === undefined || actor === undefined) return;
    // The asker has given up already: the work would be for nobody.
    if (envelope.ask?.settled === true) return;
    if (envelope.ask !== undefined) envelope.ask.taken = true;
    this.#busy = true;
    this.#current = envelope;
    this.#currentOutcome = "handled";
    context.currentStartMs = this.environment.clock.nowMs();
    try {
      const handling = actor.receive(envelope.message);
      if (handling === undefined) this.#onHandled(context, envelope);
      else void this.#awaitHandling(context, envelope, handling);
    } catch (error) {
      this.crash(context, error);
    } finally {
      envelope.onTaken?.();
    }
  }

  async #awaitHandling(context: CellContext<M>, envelope: Envelope<M>, handling: Promise<void>): Promise<void> {
    try {
      await handling;
      this.#onHandled(context, envelope);
      this.#wake();
      this.#reportIdle();
    } catch (error) {
      this.crash(context, error);
    }
  }

  #onHandled(context: CellContext<M>, envelope: Envelope<M>): void {
    if (context !== this.#context) return;
    this.#busy = false;
    this.#current = undefined;
    this.#noteTaken(envelope, context.currentStartMs, this.#currentOutcome);
  }

  #noteTaken({ message, enqueuedAtMs }: Envelope<M>, startMs: number, outcome: MessageOutcome): void {
    this.ledger.noteTaken(message.type, this.#mailbox.sizeOf(message), enqueuedAtMs, startMs, outcome);
  }

  #observeLength(): void {
    const length = this.#mailbox.length;
    const edge = this.#alarm.observe(length);
    if (edge === undefined) return;
    const type = edge === "raised" ? "mailboxAlarmRaised" : "mailboxAlarmCleared";
    this.history.add(type, `${length} messages wait`);
    this.log.warn({ length }, edge === "raised" ? "mailbox is long" : "mailbox is short again");
    this.environment.onEvent({ type, id: this.id, length });
  }

  /** Lets a waiting `stop` go on once nothing is left to do. */
  #reportIdle(): void {
    if (this.#onIdle === undefined || this.#busy) return;
    const starting = this.#context !== undefined && !this.#context.started;
    if (!starting && this.#mailbox.length === 0) this.#onIdle();
  }

  #deadLetter(message: M, reason: DeadLetterReason): void {
    this.environment.deadLetters.record(this.id, message.type, reason);
    this.#mailbox.discard(message);
  }
}
