import type { EventClock } from "../base/event-clock.ts";

/** Something with output waiting: a connection. */
export interface Flushable {
  /** Hands all waiting bytes to the operating system. Must not throw. */
  flush(): void;
}

/**
 * Joins what one event makes a worker write: each connection written to while the event is handled is flushed once,
 * when it ends. One per worker. What is written outside any event is flushed on the next tick.
 */
export class WriteFlusher {
  /** Those with output, in the first `#count` places. The array is kept: emptying it would make each event allocate anew. */
  readonly #waiting: (Flushable | undefined)[] = [];
  #count = 0;
  #flushing = false;
  #depth = 0;
  #tickScheduled = false;
  readonly #clock: EventClock | null;

  /** `clock` is told of each event, so that it is read once for all that happens in it. */
  constructor(clock: EventClock | null = null) {
    this.#clock = clock;
  }

  /** An event begins. Calls nest; each needs its `leave`, also when the handler throws. */
  enter(): void {
    if (this.#depth++ === 0) this.#clock?.begin();
  }

  /** The event ends; the outermost one flushes. */
  leave(): void {
    if (--this.#depth > 0) return;
    if (this.#count > 0) this.flushAll();
    this.#clock?.end();
  }

  /** Asks for `connection.flush()` at the end of the event. The connection calls once per flush, not once per write. */
  schedule(connection: Flushable): void {
    this.#waiting[this.#count++] = connection;
    if (this.#depth > 0 || this.#tickScheduled) return;
    this.#tickScheduled = true;
    process.nextTick(() => {
      this.#tickScheduled = false;
      this.flushAll();
    });
  }

  /** Flushes now; also what flushing itself makes others write. */
  flushAll(): void {
    // Inside a flush, the loop that runs already comes to what was added.
    if (this.#flushing) return;
    this.#flushing = true;
    const waiting = this.#waiting;
    for (let i = 0; i < this.#count; i++) {
      const connection = waiting[i]!;
      waiting[i] = undefined;
      connection.flush();
    }
    this.#count = 0;
    this.#flushing = false;
  }
}
