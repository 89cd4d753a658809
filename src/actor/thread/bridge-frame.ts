import type { Message } from "../actor-ref.ts";
import type { ActorReport } from "../inspection/actor-report.ts";

/** Messages to one actor of the other thread that may be under way or waiting there at once. */
export const CREDIT_WINDOW = 64;
/** Credits are given back in lots of this size; the rest never stalls the sender, whose window is larger. */
export const CREDIT_LOT = 16;

/** What goes over the tell port of a thread bridge. */
export type BridgeFrame =
  | { readonly frame: "tell"; readonly to: string; readonly message: Message }
  /** `count` messages to `to` need no room any more. */
  | { readonly frame: "credit"; readonly to: string; readonly count: number }
  /** The sender's actors. The next report follows only after `reportTaken`, so that a stuck reader collects one at most. */
  | { readonly frame: "report"; readonly intervalMs: number; readonly actors: readonly ActorReport[] }
  | { readonly frame: "reportTaken" };
