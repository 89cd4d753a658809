import type { Clock } from "../../base/clock.ts";
import { BoundedLog } from "../bounded-log.ts";

/** Entries kept per actor. */
const KEPT_ENTRIES = 100;
const MAX_DETAIL_CHARS = 1000;
const MAX_STACK_CHARS = 4000;

/** Something worth knowing in the life of an actor. */
export interface HistoryEntry {
  readonly atWallMs: number;
  /** In the past tense, such as `started`, `crashed`, `restarted`, `drained`, `snapshotApplied`, `snapshotRefused`. */
  readonly event: string;
  /** One line for people. May be empty. */
  readonly detail: string;
  /** Of a crash, if it is known. */
  readonly stack?: string;
  /** Of a refusal: the path in the configuration that caused it. */
  readonly place?: string;
}

/** The last events in the life of one actor, over its restarts. */
export class ActorHistory {
  readonly #clock: Clock;
  readonly #log = new BoundedLog<HistoryEntry>(KEPT_ENTRIES);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Notes an event; long texts are cut. */
  add(event: string, detail = "", more: { readonly stack?: string | undefined; readonly place?: string } = {}): void {
    const { stack, place } = more;
    this.#log.add({
      atWallMs: this.#clock.wallMs(),
      event,
      detail: detail.slice(0, MAX_DETAIL_CHARS),
      ...(stack !== undefined && { stack: stack.slice(0, MAX_STACK_CHARS) }),
      ...(place !== undefined && { place }),
    });
  }

  /** Oldest first. */
  entries(): HistoryEntry[] {
    return this.#log.toArray();
  }
}

/** The stack of anything thrown; undefined if it has none. */
export function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
