import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { RandomSource } from "../base/random.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { Schedule } from "../base/turn.ts";
import type { ActorSpec } from "./actor.ts";
import { ActorCell } from "./actor-cell.ts";
import type { ActorEnvironment } from "./actor-environment.ts";
import type { ActorEvent } from "./actor-event.ts";
import type { ActorHandle, ActorRef, Message } from "./actor-ref.ts";
import { CellFamily, type FamilyMember } from "./cell-family.ts";
import type { HistoryEntry } from "./inspection/actor-history.ts";
import type { ActorReport } from "./inspection/actor-report.ts";
import { DeadLetters } from "./inspection/dead-letters.ts";
import { MessageTrace, type TraceLimits } from "./inspection/message-trace.ts";
import type { MessageRecord } from "./message-ring.ts";
import { settleWithin } from "./settle-within.ts";
import type { ControlChannel } from "./thread/control-channel.ts";
import type { RemoteRoot } from "./thread/remote-root.ts";

/** Actors of other threads whose history is kept after they have left; the oldest is forgotten. */
const KEPT_DEPARTED = 16;

/** What an actor system is made of. */
export interface ActorSystemOptions {
  /** Name of this thread in reports, such as `main`. */
  readonly thread: string;
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  readonly log: Logger;
  /** `nextTurn` in a running proxy. */
  readonly schedule: Schedule;
  /** Recent messages kept per actor. Default 50. */
  readonly recentMessages?: number;
  /** Dead letters kept. Default 100. */
  readonly keptDeadLetters?: number;
  /** Mailbox length from which the alarm is raised. Default 500. */
  readonly alarmLength?: number;
}

/** Where an actor lives: on this thread, or behind a root actor of another one, by its id there. */
export type Located =
  | { readonly member: FamilyMember }
  | { readonly remote: RemoteRoot; readonly control: ControlChannel | undefined; readonly remoteId: string };

/** All actors of one thread: starts them, finds them, shows them, stops them. */
export class ActorSystem {
  readonly thread: string;
  readonly deadLetters: DeadLetters;
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly log: Logger;
  readonly #roots: CellFamily;
  readonly #listeners = new Set<(event: ActorEvent) => void>();
  readonly #remotes = new Map<string, RemoteRoot>();
  readonly #departed = new Map<string, readonly HistoryEntry[]>();
  #trace: { readonly ids: ReadonlySet<string>; readonly trace: MessageTrace } | undefined;

  constructor(options: ActorSystemOptions) {
    this.thread = options.thread;
    this.clock = options.clock;
    this.timers = options.timers;
    this.log = options.log;
    this.deadLetters = new DeadLetters(options.clock, options.keptDeadLetters);
    const environment: ActorEnvironment = {
      thread: options.thread,
      clock: options.clock,
      timers: options.timers,
      random: options.random,
      log: options.log,
      schedule: options.schedule,
      deadLetters: this.deadLetters,
      recentMessages: options.recentMessages ?? 50,
      alarmLength: options.alarmLength ?? 500,
      onEvent: (event) => this.#emit(event),
    };
    this.#roots = new CellFamily("", (id, spec) => new ActorCell(id, spec, environment));
  }

  /** Starts a root actor. Throws if its name is taken. */
  spawn<M extends Message>(spec: ActorSpec<M>): ActorRef<M> {
    return this.#roots.spawn(spec);
  }

  /** Stops a root actor. */
  stop(ref: ActorHandle, deadlineMs: number): Promise<void> {
    return this.#roots.stop(ref.id, deadlineMs);
  }

  /** Stops everything within `deadlineMs` in all; what is not done by then is left behind and logged. */
  async shutdown(deadlineMs: number): Promise<"clean" | "cut_off"> {
    // The actors get a little less, so that they can be cut off one by one before the whole is.
    const outcome = await settleWithin(this.timers, deadlineMs, this.#roots.stopAll(deadlineMs * 0.9));
    if (outcome === "settled") return "clean";
    this.log.error({ deadlineMs }, "actors did not stop in time");
    return "cut_off";
  }

  /** The actor with this id (a path of names), on this thread only. */
  find(id: string): FamilyMember | undefined {
    let family = this.#roots;
    let found: FamilyMember | undefined;
    for (const name of id.split("/")) {
      found = family.member(name);
      if (found === undefined) return undefined;
      family = found.family;
    }
    return found;
  }

  /** Shows an actor of another thread under the actor `parentId` ("" = beside the roots). Returns its removal; its history is kept. */
  attachRemote(parentId: string, name: string, remote: RemoteRoot): () => void {
    const id = parentId === "" ? name : `${parentId}/${name}`;
    this.#remotes.set(id, remote);
    return () => {
      if (this.#remotes.get(id) !== remote) return;
      this.#remotes.delete(id);
      this.#departed.delete(id);
      this.#departed.set(id, remote.history());
      if (this.#departed.size > KEPT_DEPARTED) this.#departed.delete(this.#departed.keys().next().value!);
    };
  }

  /** What happened to an actor of another thread that has left, oldest first; undefined if none of that id is remembered. */
  departedHistory(id: string): readonly HistoryEntry[] | undefined {
    return this.#departed.get(id);
  }

  /** Finds an actor of any thread that is joined to this one; undefined if there is none of that id. */
  locate(id: string): Located | undefined {
    const member = this.find(id);
    if (member !== undefined) return { member };
    for (const [root, remote] of this.#remotes) {
      if (id !== root && !id.startsWith(`${root}/`)) continue;
      return { remote, control: remote.control, remoteId: remote.root + id.slice(root.length) };
    }
    return undefined;
  }

  /** The root actors of other threads, with the last part of the id they are shown under. */
  remoteThreads(): { readonly name: string; readonly remote: RemoteRoot }[] {
    return [...this.#remotes].map(([id, remote]) => ({ name: id.slice(id.lastIndexOf("/") + 1), remote }));
  }

  /** The tree. Costs nothing while nobody asks, and needs no answer from any actor or thread. */
  tree(): ActorReport[] {
    const roots = this.#roots.reports().map((report) => this.#withRemotes(report));
    return [...roots, ...this.#remotesOf("")];
  }

  /** The last messages of one actor of this thread, oldest first. */
  recentMessages(id: string): MessageRecord[] {
    return this.find(id)?.recentMessages() ?? [];
  }

  /** Starts a trace of the given actors of this thread. It ends the one before. */
  startTrace(ids: readonly string[], limits?: TraceLimits): MessageTrace {
    this.endTrace();
    const trace = new MessageTrace(this.clock, limits);
    this.#trace = { ids: new Set(ids), trace };
    for (const id of ids) {
      const member = this.find(id);
      if (member !== undefined) member.ledger.trace = trace;
    }
    return trace;
  }

  endTrace(): void {
    if (this.#trace === undefined) return;
    this.#trace.trace.end();
    for (const id of this.#trace.ids) {
      const member = this.find(id);
      if (member !== undefined) member.ledger.trace = undefined;
    }
    this.#trace = undefined;
  }

  /** Calls `listener` for each event until the returned function is called. It must not throw. */
  onEvent(listener: (event: ActorEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #emit(event: ActorEvent): void {
    for (const listener of this.#listeners) listener(event);
  }

  #withRemotes(report: ActorReport): ActorReport {
    const children = report.children.map((child) => this.#withRemotes(child));
    return { ...report, children: [...children, ...this.#remotesOf(report.id)] };
  }

  #remotesOf(parentId: string): ActorReport[] {
    const found: ActorReport[] = [];
    for (const [id, remote] of this.#remotes) {
      const at = id.lastIndexOf("/");
      if ((at === -1 ? "" : id.slice(0, at)) !== parentId) continue;
      const shown = remote.report();
      if (shown !== undefined) found.push(shown);
    }
    return found;
  }
}
