import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { TraceLimits, TraceSoFar } from "./message-trace.ts";

/** Between two looks at what has been traced. */
const LOOK_MS = 200;

/** A trace on whichever thread: how it is begun, read and ended. */
export interface TraceSource {
  start(limits: TraceLimits): Promise<void>;
  /** What there is behind the first `from` events. */
  soFar(from: number): Promise<TraceSoFar>;
  end(): Promise<void>;
}

/**
 * The events of a trace as they come, in pieces that may be empty; the last piece says why it ended. It ends itself at its caps, and when
 * its reader leaves.
 */
export async function* readTrace(source: TraceSource, timers: TimerWheel): AsyncGenerator<TraceSoFar> {
  let read = 0;
  try {
    for (;;) {
      await new Promise<void>((resolve) => timers.timer(resolve).arm(LOOK_MS));
      const piece = await source.soFar(read);
      read += piece.events.length;
      yield piece;
      if (piece.endedBy !== undefined) return;
    }
  } finally {
    // Its thread may have ended meanwhile, and the trace with it.
    await source.end().catch(() => {});
  }
}
