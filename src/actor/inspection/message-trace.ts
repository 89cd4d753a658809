import type { Clock } from "../../base/clock.ts";

/** The caps of one trace. It ends itself at the first one reached, except the rate, which only skips. */
export interface TraceLimits {
  /** Events in all. Default 50. */
  readonly maxEvents?: number;
  /** Events per second; more are skipped and counted. Default 5. */
  readonly maxPerSecond?: number;
  /** Duration in milliseconds. Default 60000. */
  readonly maxMs?: number;
  /** Only messages with this in the name of their type. Default: all. */
  readonly match?: string;
}

/** A trace as it stands. */
export interface TraceSoFar {
  readonly events: readonly TraceEvent[];
  /** Left out by the rate cap. */
  readonly skipped: number;
  /** Undefined while it runs. */
  readonly endedBy: "count" | "time" | "caller" | undefined;
}

/** Something that happened to a message of a traced actor. */
export interface TraceEvent {
  readonly actorId: string;
  readonly messageType: string;
  readonly what: "queued" | "coalesced" | "dropped" | "handled" | "failed";
  /** For `handled` and `failed`: time in `receive`. */
  readonly handleMs: number | undefined;
  readonly atWallMs: number;
}

/**
 * A bounded look at the messages of some actors. Actors hold a reference to it only while it runs, so that an actor
 * that isn't traced pays one null check.
 */
export class MessageTrace {
  readonly #clock: Clock;
  readonly #maxEvents: number;
  readonly #maxPerSecond: number;
  readonly #endsAtMs: number;
  readonly #match: string;
  readonly #events: TraceEvent[] = [];
  #secondStartMs: number;
  #inSecond = 0;
  #skipped = 0;
  #endedBy: "count" | "time" | "caller" | undefined;

  constructor(clock: Clock, limits: TraceLimits = {}) {
    this.#clock = clock;
    this.#maxEvents = limits.maxEvents ?? 50;
    this.#maxPerSecond = limits.maxPerSecond ?? 5;
    this.#match = limits.match ?? "";
    this.#secondStartMs = clock.nowMs();
    this.#endsAtMs = this.#secondStartMs + (limits.maxMs ?? 60_000);
  }

  /** Why it ended, or undefined while it runs. */
  get endedBy(): "count" | "time" | "caller" | undefined {
    if (this.#endedBy === undefined && this.#clock.nowMs() >= this.#endsAtMs) this.#endedBy = "time";
    return this.#endedBy;
  }

  /** Events left out by the rate cap. */
  get skipped(): number {
    return this.#skipped;
  }

  events(): readonly TraceEvent[] {
    return this.#events;
  }

  /** What there is behind the first `from` events. */
  soFar(from: number): TraceSoFar {
    return { events: this.#events.slice(from), skipped: this.#skipped, endedBy: this.endedBy };
  }

  /** Ends it; what was seen stays readable. */
  end(): void {
    this.#endedBy ??= "caller";
  }

  /** Returns false once the trace has ended; the caller then drops its reference. */
  record(actorId: string, messageType: string, what: TraceEvent["what"], handleMs?: number): boolean {
    if (this.endedBy !== undefined) return false;
    if (!messageType.includes(this.#match)) return true;
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#secondStartMs >= 1000) {
      this.#secondStartMs = nowMs;
      this.#inSecond = 0;
    }
    if (this.#inSecond >= this.#maxPerSecond) {
      this.#skipped++;
      return true;
    }
    this.#inSecond++;
    this.#events.push({ actorId, messageType, what, handleMs, atWallMs: this.#clock.wallMs() });
    if (this.#events.length >= this.#maxEvents) this.#endedBy = "count";
    return this.#endedBy === undefined;
  }
}
