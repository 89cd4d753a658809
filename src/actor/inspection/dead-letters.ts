import type { Clock } from "../../base/clock.ts";
import { BoundedLog } from "../bounded-log.ts";

/**
 * Why a message was not handled: the mailbox was full, the actor had stopped or was stopping, there is no such actor,
 * its thread is gone, the message can't be copied to its thread, the stash was full, or the actor knows no such message.
 */
export type DeadLetterReason =
  | "mailbox_full"
  | "stopped"
  | "no_such_actor"
  | "thread_gone"
  | "not_cloneable"
  | "stash_full"
  | "unhandled";

/** A message that reached nobody. The body isn't kept: it may be large or secret. */
export interface DeadLetter {
  /** Id of the actor it was for. */
  readonly to: string;
  readonly messageType: string;
  readonly reason: DeadLetterReason;
  readonly atWallMs: number;
}

/** Counts the dead letters of one thread and keeps the last ones. */
export class DeadLetters {
  readonly #clock: Clock;
  readonly #recent: BoundedLog<DeadLetter>;
  readonly #byReason = new Map<DeadLetterReason, number>();
  #total = 0;

  /** Keeps the last `keep` letters, 100 by default. */
  constructor(clock: Clock, keep = 100) {
    this.#clock = clock;
    this.#recent = new BoundedLog(keep);
  }

  get total(): number {
    return this.#total;
  }

  count(reason: DeadLetterReason): number {
    return this.#byReason.get(reason) ?? 0;
  }

  record(to: string, messageType: string, reason: DeadLetterReason): void {
    this.#total++;
    this.#byReason.set(reason, this.count(reason) + 1);
    this.#recent.add({ to, messageType, reason, atWallMs: this.#clock.wallMs() });
  }

  /** The last letters, oldest first. */
  recent(): DeadLetter[] {
    return this.#recent.toArray();
  }
}
