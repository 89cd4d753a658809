import { setPriority } from "node:os";

/** Where 0 is usual and 19 gives way to everybody. */
const BACKGROUND_PRIORITY = 5;

/**
 * Makes the calling thread give way to others when there are fewer cores than work, so that a long piece of background work does not hold up
 * threads that serve requests. Linux only: elsewhere a priority belongs to the whole process, and nothing happens.
 */
export function lowerThreadPriority(): void {
  if (process.platform !== "linux") return;
  try {
    // 0 is the caller, which is a thread on Linux (setpriority(2)).
    setPriority(0, BACKGROUND_PRIORITY);
  } catch {
    // Not allowed to here: then the thread goes on as it was.
  }
}
