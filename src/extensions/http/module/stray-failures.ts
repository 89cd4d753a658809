import { isMainThread } from "node:worker_threads";

/** Who hears of what a module throws where nobody waits for it. */
export interface StrayFailureListener {
  /** The module's file URL, without a query; it stands in the stack of what the module throws. */
  readonly url: string;
  onStrayFailure(error: unknown): void;
}

const listeners = new Set<StrayFailureListener>();

/**
 * Hears from now on of what a module of this worker throws outside of the functions that Troupe calls: in a timer, or by a promise that nobody
 * waits for. Node.js would end the thread, with all its connections, for a forgotten `await`. Answers how to stop.
 *
 * A rejection belongs to the module in whose stack it is, or to any one, because its stack is often empty, and Troupe itself leaves none unhandled.
 * Another error belongs to the module in its stack; one without stays uncaught.
 */
export function hearStrayFailures(listener: StrayFailureListener): () => void {
  if (listeners.size === 0 && !isMainThread) process.on("uncaughtException", onUncaught);
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) process.off("uncaughtException", onUncaught);
  };
}

/** Answers whose failure it is; null if it is no module's. `origin` as Node.js says it. */
function strayFailureOf(error: unknown, origin: NodeJS.UncaughtExceptionOrigin): StrayFailureListener | null {
  const stack = error instanceof Error ? String(error.stack) : "";
  for (const listener of listeners) if (stack.includes(listener.url)) return listener;
  return origin === "unhandledRejection" ? (listeners.values().next().value ?? null) : null;
}

function onUncaught(error: unknown, origin: NodeJS.UncaughtExceptionOrigin): void {
  const listener = strayFailureOf(error, origin);
  // Thrown from here, it ends the thread as if there were no handler.
  if (listener === null) throw error;
  listener.onStrayFailure(error);
}
