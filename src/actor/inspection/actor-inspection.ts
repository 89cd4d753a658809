import type { ActorSystem } from "../actor-system.ts";
import { describeError } from "../ask-error.ts";
import type { MessageRecord } from "../message-ring.ts";
import type { ControlChannel } from "../thread/control-channel.ts";
import type { HistoryEntry } from "./actor-history.ts";
import type { DeadLetter } from "./dead-letters.ts";
import type { MessageTrace, TraceLimits, TraceSoFar } from "./message-trace.ts";
import type { ShownState } from "./shown-state.ts";
import { ownThreadProbe } from "./thread-probe.ts";
import type { ProbedThread } from "./thread-vitals.ts";
import { readTrace, type TraceSource } from "./trace-stream.ts";

/** Answers that are kept for the time when their actor no longer gives any. */
const KEPT_ANSWERS = 64;

/** What is known of something, now or from the last time it was asked. */
export interface Known<T> {
  /** Undefined if it never answered. */
  readonly value: T | undefined;
  /** False: `value` is what was known `ageMs` ago, because of `reason`. */
  readonly answering: boolean;
  readonly ageMs: number;
  readonly reason: string | undefined;
}

/** The dead letters of one thread. */
export interface ThreadDeadLetters {
  readonly thread: string;
  readonly letters: Known<{ readonly total: number; readonly recent: readonly DeadLetter[] }>;
}

/**
 * Asks actors of all threads about themselves, each question with a deadline. An actor that doesn't answer is shown as it was when it
 * last did. For the thread that started the others.
 */
export class ActorInspection {
  readonly #system: ActorSystem;
  /** By the id of the thread's root actor, `""` for this thread: when the trace that runs there is over at the latest. */
  readonly #tracedUntilMs = new Map<string, number>();
  readonly #kept = new Map<string, { readonly value: unknown; readonly atMs: number }>();

  constructor(system: ActorSystem) {
    this.#system = system;
  }

  /** What the actor says of itself (`Actor.inspect`), null if it says nothing. Undefined if there is no such actor. */
  state(id: string, deadlineMs: number): Promise<Known<ShownState | null>> | undefined {
    const found = this.#system.locate(id);
    if (found === undefined) return undefined;
    if ("member" in found) return Promise.resolve(fresh(found.member.shownState()));
    const { control, remoteId } = found;
    return this.#ask(`state ${id}`, control, (surface) => surface.state(remoteId), deadlineMs);
  }

  /** Its last messages, oldest first. */
  messages(id: string, deadlineMs: number): Promise<Known<readonly MessageRecord[]>> | undefined {
    const found = this.#system.locate(id);
    if (found === undefined) return undefined;
    if ("member" in found) return Promise.resolve(fresh(found.member.recentMessages()));
    const { control, remoteId } = found;
    return this.#ask(`messages ${id}`, control, (surface) => surface.recentMessages(remoteId), deadlineMs);
  }

  /** What happened to it, oldest first. A root actor of another thread is described by the thread that started it, also when it has left. */
  history(id: string, deadlineMs: number): Promise<Known<readonly HistoryEntry[]>> | undefined {
    const found = this.#system.locate(id);
    if (found === undefined) {
      const departed = this.#system.departedHistory(id);
      return departed && Promise.resolve(fresh(departed));
    }
    if ("member" in found) return Promise.resolve(fresh(found.member.historyEntries()));
    const { control, remoteId, remote } = found;
    if (remoteId === remote.root) return Promise.resolve(fresh(remote.history()));
    return this.#ask(`history ${id}`, control, (surface) => surface.history(remoteId), deadlineMs);
  }

  /**
   * Begins to trace the messages of an actor; undefined if there is no such actor. Rejects if another actor of its thread is being traced,
   * or if the thread does not answer.
   */
  async trace(
    id: string,
    limits: Required<TraceLimits>,
    deadlineMs: number,
  ): Promise<AsyncIterable<TraceSoFar> | undefined> {
    const found = this.#system.locate(id);
    if (found === undefined) return undefined;
    const { clock, timers } = this.#system;
    const thread = "member" in found ? "" : id.slice(0, id.length - found.remoteId.length + found.remote.root.length);
    if ((this.#tracedUntilMs.get(thread) ?? 0) > clock.nowMs()) {
      throw new Error("another actor of this thread is being traced");
    }
    // Also if nobody reads it, it is over by then.
    this.#tracedUntilMs.set(thread, clock.nowMs() + limits.maxMs);
    const source = "member" in found ? this.#ownTrace(id) : remoteTrace(found.control, found.remoteId, deadlineMs);
    const end = async (): Promise<void> => {
      this.#tracedUntilMs.delete(thread);
      await source.end();
    };
    try {
      await source.start(limits);
    } catch (error) {
      this.#tracedUntilMs.delete(thread);
      throw error;
    }
    return readTrace({ ...source, end }, timers);
  }

  #ownTrace(id: string): TraceSource {
    let trace: MessageTrace | undefined;
    return {
      start: async (limits) => {
        trace = this.#system.startTrace([id], limits);
      },
      soFar: async (from) => trace!.soFar(from),
      end: async () => this.#system.endTrace(),
    };
  }

  /** Of all threads, this one first. */
  deadLetters(deadlineMs: number): Promise<ThreadDeadLetters[]> {
    const { thread, deadLetters } = this.#system;
    const own = { total: deadLetters.total, recent: deadLetters.recent() };
    const others = this.#system.remoteThreads().map(async ({ name, remote }): Promise<ThreadDeadLetters> => {
      const key = `dead letters ${name}`;
      return {
        thread: name,
        letters: await this.#ask(key, remote.control, (surface) => surface.deadLetters(), deadlineMs),
      };
    });
    return Promise.all([{ thread, letters: fresh(own) }, ...others]);
  }

  /** All threads that can be looked at, this one first. */
  threads(): ProbedThread[] {
    const others = this.#system.remoteThreads().flatMap(({ name, remote }) => {
      const { probe } = remote;
      return probe === undefined ? [] : [{ thread: name, probe }];
    });
    const { thread, timers } = this.#system;
    return [{ thread, probe: ownThreadProbe, takeLoopDelayMs: () => timers.takeLongestLatenessMs() }, ...others];
  }

  async #ask<T>(
    what: string,
    control: ControlChannel | undefined,
    request: Parameters<ControlChannel["call"]>[2],
    deadlineMs: number,
  ): Promise<Known<T>> {
    const nowMs = (): number => this.#system.clock.nowMs();
    try {
      if (control === undefined) throw new Error("its thread has not started");
      const value = (await control.call(what, deadlineMs, request)) as T;
      this.#keep(what, value, nowMs());
      return fresh(value);
    } catch (error) {
      const last = this.#kept.get(what);
      const reason = describeError(error);
      if (last === undefined) return { value: undefined, answering: false, ageMs: 0, reason };
      return { value: last.value as T, answering: false, ageMs: nowMs() - last.atMs, reason };
    }
  }

  #keep(what: string, value: unknown, atMs: number): void {
    this.#kept.delete(what);
    this.#kept.set(what, { value, atMs });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT_ANSWERS) return;
      this.#kept.delete(oldest);
    }
  }
}

function fresh<T>(value: T): Known<T> {
  return { value, answering: true, ageMs: 0, reason: undefined };
}

function remoteTrace(control: ControlChannel | undefined, remoteId: string, deadlineMs: number): TraceSource {
  const ask = async <T>(what: string, request: Parameters<ControlChannel["call"]>[2]): Promise<T> => {
    if (control === undefined) throw new Error("its thread has not started");
    return (await control.call(what, deadlineMs, request)) as T;
  };
  return {
    start: (limits) => ask("startTrace", async (surface) => surface.startTrace([remoteId], limits)),
    soFar: (from) => ask("traceSoFar", async (surface) => surface.traceSoFar(from)),
    end: () => ask("endTrace", async (surface) => surface.endTrace()),
  };
}
