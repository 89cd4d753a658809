import type { TimerWheel } from "../base/timer-wheel.ts";

/**
 * Waits for `work`, at most `deadlineMs`. Returns `late` if it hadn't settled by then; it is then left to itself, and a
 * later rejection is not reported. A rejection before the deadline is thrown on.
 */
export async function settleWithin(
  timers: TimerWheel,
  deadlineMs: number,
  work: PromiseLike<unknown>,
): Promise<"settled" | "late"> {
  const { promise: late, resolve } = Promise.withResolvers<"late">();
  const timer = timers.timer(() => resolve("late"));
  timer.arm(Math.max(deadlineMs, 0));
  try {
    return await Promise.race([work.then(() => "settled" as const), late]);
  } finally {
    timer.disarm();
  }
}
