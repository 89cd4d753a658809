import type { EventLoopUtilization } from "node:perf_hooks";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import { settleWithin } from "../settle-within.ts";
import type { CpuUsed, HeapHeld, ThreadProbe } from "./thread-probe.ts";

/** Looks that come sooner after one another than this get the same answer, so that two who look don't spoil each other's interval. */
const MIN_INTERVAL_MS = 500;

/** What one thread uses. Shares are from 0 to 1, of the time since the look before, `overMs` ago; the first is of its whole life. */
export interface ThreadVitals {
  readonly thread: string;
  /** False if the thread did not tell in time: processor time and memory are then its last known ones, `ageMs` old. */
  readonly answering: boolean;
  readonly ageMs: number;
  readonly overMs: number;
  /** Time that its event loop worked instead of waiting. True also for a thread that is stuck. */
  readonly eventLoopUtilization: number;
  /** Of one processor. Undefined until it has told twice. */
  readonly cpuShare: number | undefined;
  readonly cpuUserMs: number | undefined;
  readonly cpuSystemMs: number | undefined;
  readonly heap: HeapHeld | undefined;
  /** The longest stall of its event loop since the look before; undefined if it says so elsewhere. */
  readonly loopDelayMs: number | undefined;
}

/** A thread and the way to look at it. */
export interface ProbedThread {
  readonly thread: string;
  readonly probe: ThreadProbe;
  /** The longest stall of its event loop since the last call. */
  readonly takeLoopDelayMs?: () => number;
}

interface Look {
  readonly atMs: number;
  readonly loop: EventLoopUtilization;
  readonly vitals: ThreadVitals;
}

interface Told {
  readonly atMs: number;
  readonly cpu: CpuUsed;
  readonly heap: HeapHeld;
}

interface Watched {
  readonly probe: ThreadProbe;
  look: Look | undefined;
  told: Told | undefined;
  /** While a question is under way, so that a stuck thread collects one at most. */
  asking: Promise<void> | undefined;
  cpuShare: number | undefined;
}

/** Looks at threads when somebody asks, and remembers the look before, for shares. Main thread; not more than it is given threads. */
export class ThreadVitalsWatch {
  readonly #timers: TimerWheel;
  readonly #watched = new Map<string, Watched>();

  constructor(timers: TimerWheel) {
    this.#timers = timers;
  }

  /** Looks at these threads at the same time; answers at the deadline at the latest. Threads not named are forgotten. */
  async look(threads: readonly ProbedThread[], deadlineMs: number): Promise<ThreadVitals[]> {
    const present = new Set(threads.map(({ thread }) => thread));
    for (const thread of this.#watched.keys()) if (!present.has(thread)) this.#watched.delete(thread);
    return Promise.all(threads.map((each) => this.#lookAt(each, deadlineMs)));
  }

  async #lookAt({ thread, probe, takeLoopDelayMs }: ProbedThread, deadlineMs: number): Promise<ThreadVitals> {
    const { clock } = this.#timers;
    const watched = this.#watchedOf(thread, probe);
    const recent = watched.look;
    if (recent !== undefined && clock.nowMs() - recent.atMs < MIN_INTERVAL_MS) return recent.vitals;
    watched.asking ??= this.#ask(watched).finally(() => {
      watched.asking = undefined;
    });
    const answering = (await settleWithin(this.#timers, deadlineMs, watched.asking)) === "settled";
    const before = watched.look;
    const atMs = clock.nowMs();
    const loop = probe.eventLoop();
    const { told } = watched;
    const vitals: ThreadVitals = {
      thread,
      answering,
      ageMs: told === undefined || answering ? 0 : atMs - told.atMs,
      overMs: before === undefined ? loop.idle + loop.active : atMs - before.atMs,
      eventLoopUtilization: before === undefined ? loop.utilization : utilizationSince(before.loop, loop),
      cpuShare: watched.cpuShare,
      cpuUserMs: told === undefined ? undefined : told.cpu.user / 1000,
      cpuSystemMs: told === undefined ? undefined : told.cpu.system / 1000,
      heap: told?.heap,
      loopDelayMs: takeLoopDelayMs?.(),
    };
    watched.look = { atMs, loop, vitals };
    return vitals;
  }

  /** A thread that was started anew under the same name has another probe, and another life. */
  #watchedOf(thread: string, probe: ThreadProbe): Watched {
    const known = this.#watched.get(thread);
    if (known?.probe === probe) return known;
    const fresh: Watched = { probe, look: undefined, told: undefined, asking: undefined, cpuShare: undefined };
    this.#watched.set(thread, fresh);
    return fresh;
  }

  async #ask(watched: Watched): Promise<void> {
    try {
      const [cpu, heap] = await Promise.all([watched.probe.cpu(), watched.probe.heap()]);
      const atMs = this.#timers.clock.nowMs();
      const before = watched.told;
      if (before !== undefined && atMs > before.atMs) {
        const usedMicros = cpu.user + cpu.system - before.cpu.user - before.cpu.system;
        watched.cpuShare = usedMicros / 1000 / (atMs - before.atMs);
      }
      watched.told = { atMs, cpu, heap };
    } catch {
      // The thread has ended meanwhile; its last known numbers stay until it is no longer asked for.
    }
  }
}

function utilizationSince(before: EventLoopUtilization, now: EventLoopUtilization): number {
  const active = now.active - before.active;
  const all = active + now.idle - before.idle;
  return all <= 0 ? 0 : active / all;
}
