import type { HistoryEntry } from "../inspection/actor-history.ts";
import type { ActorReport } from "../inspection/actor-report.ts";
import type { ThreadProbe } from "../inspection/thread-probe.ts";
import type { ControlChannel } from "./control-channel.ts";

/** A root actor of another thread, as the thread that started it shows it. None of this waits for the other thread. */
export interface RemoteRoot {
  /** Its name on its own thread. */
  readonly root: string;
  /** What is known of it; undefined if there is nothing to show. */
  report(): ActorReport | undefined;
  /** What happened to it, as seen from here. */
  history(): readonly HistoryEntry[];
  /** The way to ask its thread; undefined while there is none. */
  readonly control: ControlChannel | undefined;
  readonly probe: ThreadProbe | undefined;
}
