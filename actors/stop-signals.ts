import type { Clock } from "../src/base/clock.ts";

/** One Ctrl-C can come as two signals: the terminal sends it to all its processes, and npm passes on its own. */
const SAME_KEY_PRESS_MS = 200;

/** The process as far as signals go. */
export interface SignalledProcess {
  on(signal: "SIGTERM" | "SIGINT", listener: () => void): unknown;
  exit(code: number): void;
}

/** Calls `stop` on the first SIGTERM or SIGINT. The second one exits at once, with code 1. */
export function onStopSignals(target: SignalledProcess, clock: Clock, stop: () => void): void {
  let first: { readonly signal: string; readonly atMs: number } | undefined;
  const listen = (signal: "SIGTERM" | "SIGINT"): void => {
    target.on(signal, () => {
      if (first === undefined) {
        first = { signal, atMs: clock.nowMs() };
        stop();
        return;
      }
      const again = signal === "SIGINT" && first.signal === signal && clock.nowMs() - first.atMs < SAME_KEY_PRESS_MS;
      if (!again) target.exit(1);
    });
  };
  listen("SIGTERM");
  listen("SIGINT");
}
