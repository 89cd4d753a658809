import type { LiveTotals } from "../live/live-sample.ts";

/** What `/drain_listeners` has done to the listeners, in a sentence; undefined if nothing. The page and the terminal say it. */
export function drainedListeners({
  listeners,
  listeners_closed: closed,
  listeners_winding_up: windingUp,
}: LiveTotals): string | undefined {
  if (closed > 0) {
    const who = closed === listeners ? "No listener accepts" : `${closed} of ${listeners} listeners do not accept`;
    return `${who} connections any more: they were closed by /drain_listeners, until the process is started anew.`;
  }
  if (windingUp === 0) return undefined;
  const which = windingUp === listeners ? "All listeners are" : `${windingUp} of ${listeners} listeners are`;
  return `${which} being drained: their connections are wound up, new ones are still accepted.`;
}
