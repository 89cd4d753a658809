import { readdirSync, readFileSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

/**
 * How far a thread gives way to those of its process, where 0 is as they do. Beside a thread that is always busy, work that traffic waits
 * for still gets a quarter of a core, and work that only somebody who looks waits for, a tenth.
 */
const PRIORITIES = { background: 5, onlooker: 10 } as const;

/**
 * Makes the calling thread give way to others when there are fewer cores than work, so that a long piece of background work does not hold up
 * threads that serve requests. Linux only: elsewhere a priority belongs to the whole process, and nothing happens.
 */
export function lowerThreadPriority(to: keyof typeof PRIORITIES): void {
  if (process.platform !== "linux") return;
  try {
    // 0 is the caller, which is a thread on Linux (setpriority(2)).
    setPriority(0, lowered(to));
  } catch {
    // Not allowed to here: then the thread goes on as it was.
  }
}

/** What Node.js calls the threads that collect garbage and compile for all others. */
const HELPER_NAME = "node-V8Worker";
const TASKS = "/proc/self/task";

/**
 * Makes the engine's helper threads give way, for good: collecting what a large compilation leaves behind would take the cores from the threads that
 * serve. Not for the time of a start, when the helpers compile the code that all of them run. Linux only; may be called on any thread.
 */
export function lowerHelperPriority(): void {
  if (process.platform !== "linux") return;
  try {
    for (const id of readdirSync(TASKS)) {
      if (readFileSync(`${TASKS}/${id}/comm`, "utf8").trim() === HELPER_NAME)
        setPriority(Number(id), lowered("onlooker"));
    }
  } catch {
    // No /proc, or not allowed to: then they go on as they were.
  }
}

/** Below the main thread, which has the priority that the process was started with; 19 gives way to everybody. */
function lowered(to: keyof typeof PRIORITIES): number {
  return Math.min(getPriority(process.pid) + PRIORITIES[to], 19);
}
