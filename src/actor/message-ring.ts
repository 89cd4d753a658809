import { BoundedLog } from "./bounded-log.ts";
import { type Percentiles, percentilesOf } from "./percentiles.ts";

/** What became of a message that was taken from the mailbox. `failed` = handling it crashed the actor. */
export type MessageOutcome = "handled" | "failed" | "unhandled" | "stashed";

/** One line of an actor's recent messages. The body isn't kept. */
export interface MessageRecord {
  readonly messageType: string;
  /** Bytes, if the mailbox policy knows them. */
  readonly sizeBytes: number | undefined;
  /** Time in the mailbox, in milliseconds. */
  readonly waitMs: number;
  /** Time in `receive` until it returned or its promise settled, in milliseconds. */
  readonly handleMs: number;
  readonly outcome: MessageOutcome;
  readonly atWallMs: number;
}

/** The last messages of one actor, kept while it runs and over restarts. */
export class MessageRing {
  readonly #log: BoundedLog<MessageRecord>;

  constructor(keep: number) {
    this.#log = new BoundedLog(keep);
  }

  add(record: MessageRecord): void {
    this.#log.add(record);
  }

  /** Of the messages that are kept. */
  times(): { readonly waitMs: Percentiles; readonly handleMs: Percentiles } {
    const records = this.#log.toArray();
    return {
      waitMs: percentilesOf(records.map(({ waitMs }) => waitMs)),
      handleMs: percentilesOf(records.map(({ handleMs }) => handleMs)),
    };
  }

  /** Oldest first. */
  recent(): MessageRecord[] {
    return this.#log.toArray();
  }
}
