import type { TimerWheel } from "../../base/timer-wheel.ts";
import { InspectorSession } from "./inspector-session.ts";

const ANSWER_MS = 2000;
/** For a profile of a minute to be put together and sent. */
const RESULT_MS = 20_000;
/** A thread that runs JavaScript is interrupted within this time; one that is idle has nothing to interrupt. */
const PAUSE_MS = 250;
/** Bytes allocated between two samples of a heap profile; V8's default. */
const HEAP_SAMPLING_BYTES = 32_768;

/** One call on a thread's stack, the innermost first. Lines and columns count from 1. */
export interface StackFrame {
  readonly function: string;
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What a thread does at the moment; no frames: it runs no JavaScript. */
export interface ThreadStack {
  readonly thread: string;
  readonly frames: readonly StackFrame[];
}

interface CallFrame {
  readonly functionName: string;
  readonly location: { readonly scriptId: string; readonly lineNumber: number; readonly columnNumber?: number };
}

/** Looks into threads with V8's inspector: one at a time, and only when somebody asks. Main thread. */
export class ThreadProfiler {
  readonly #timers: TimerWheel;
  /** Name of the thread that the profiler's process calls its own. */
  readonly #ownThread: string;
  #busyWith: string | undefined;

  constructor(timers: TimerWheel, ownThread: string) {
    this.#timers = timers;
    this.#ownThread = ownThread;
  }

  /** What it is doing, for others who ask meanwhile. */
  get busyWith(): string | undefined {
    return this.#busyWith;
  }

  /** A CPU profile as Chrome DevTools opens it (`.cpuprofile`), of this long. Rejects if busy, or if the thread is not there or ends. */
  cpuProfile(thread: string, durationMs: number): Promise<string> {
    return this.#alone(`a CPU profile of ${thread}`, async () => {
      const session = await this.#attach(thread);
      try {
        await session.post("Profiler.enable", {}, ANSWER_MS);
        await session.post("Profiler.start", {}, ANSWER_MS);
        await this.#pause(durationMs);
        const { profile } = (await session.post("Profiler.stop", {}, RESULT_MS)) as { readonly profile: object };
        return JSON.stringify(profile);
      } finally {
        await session.detach();
      }
    });
  }

  /** A sampling heap profile as Chrome DevTools opens it (`.heapprofile`): who allocated what is still there. Rejects likewise. */
  heapProfile(thread: string, durationMs: number): Promise<string> {
    return this.#alone(`a heap profile of ${thread}`, async () => {
      const session = await this.#attach(thread);
      try {
        await session.post("HeapProfiler.enable", {}, ANSWER_MS);
        await session.post("HeapProfiler.startSampling", { samplingInterval: HEAP_SAMPLING_BYTES }, ANSWER_MS);
        await this.#pause(durationMs);
        const stopped = await session.post("HeapProfiler.stopSampling", {}, RESULT_MS);
        return JSON.stringify((stopped as { readonly profile: object }).profile);
      } finally {
        await session.detach();
      }
    });
  }

  /** Where a worker's thread is at the moment, be it stuck or not; it stands still for some milliseconds meanwhile. */
  stack(thread: string): Promise<ThreadStack> {
    if (thread === this.#ownThread) return Promise.resolve({ thread, frames: [] });
    return this.#alone(`the stack of ${thread}`, async () => {
      const scripts = new Map<string, string>();
      const session = await this.#attach(thread, (method, params) => {
        if (method !== "Debugger.scriptParsed") return;
        const { scriptId, url } = params as { readonly scriptId: string; readonly url: string };
        scripts.set(scriptId, url);
      });
      try {
        const paused = session.next("Debugger.paused", PAUSE_MS);
        paused.catch(() => {});
        await session.post("Debugger.enable", {}, ANSWER_MS);
        await session.post("Debugger.pause", {}, ANSWER_MS);
        const frames = await paused.then(
          (params) => (params as { readonly callFrames: readonly CallFrame[] }).callFrames,
          () => [],
        );
        // Also takes back a pause that has not come to anything.
        await session.post("Debugger.disable", {}, ANSWER_MS);
        return { thread, frames: frames.map((frame) => stackFrame(frame, scripts)) };
      } finally {
        await session.detach();
      }
    });
  }

  #attach(thread: string, onEvent?: (method: string, params: unknown) => void): Promise<InspectorSession> {
    return InspectorSession.attach(this.#timers, thread === this.#ownThread ? null : thread, onEvent);
  }

  async #alone<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.#busyWith !== undefined) throw new Error(`${this.#busyWith} is being taken; try again when it is done`);
    this.#busyWith = what;
    try {
      return await work();
    } finally {
      this.#busyWith = undefined;
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#timers.timer(resolve).arm(ms));
  }
}

function stackFrame({ functionName, location }: CallFrame, scripts: ReadonlyMap<string, string>): StackFrame {
  return {
    function: functionName,
    file: scripts.get(location.scriptId) ?? "",
    line: location.lineNumber + 1,
    column: (location.columnNumber ?? 0) + 1,
  };
}
