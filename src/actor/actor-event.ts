import type { ActorEnd } from "./actor-ref.ts";
import type { CrashRecord } from "./supervision.ts";

/** Something that happened to an actor, for those who look on. Each is also logged. */
export type ActorEvent =
  | { readonly type: "actorCrashed"; readonly id: string; readonly crash: CrashRecord }
  | { readonly type: "actorRestarted"; readonly id: string; readonly restarts: number }
  | { readonly type: "actorEnded"; readonly id: string; readonly end: ActorEnd }
  | { readonly type: "mailboxAlarmRaised"; readonly id: string; readonly length: number }
  | { readonly type: "mailboxAlarmCleared"; readonly id: string; readonly length: number };
