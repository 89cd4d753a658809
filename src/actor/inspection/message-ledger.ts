import type { ActorEnvironment } from "../actor-environment.ts";
import { type MessageOutcome, type MessageRecord, MessageRing } from "../message-ring.ts";
import type { ActorReport } from "./actor-report.ts";
import { BusyMeter } from "./busy-meter.ts";
import type { MessageTrace, TraceEvent } from "./message-trace.ts";

/** What became of one actor's messages, over restarts: the last ones, how many, how busy they keep it; and its trace while somebody looks. */
export class MessageLedger {
  /** Set while the actor is traced. */
  trace: MessageTrace | undefined = undefined;
  readonly #actorId: string;
  readonly #environment: ActorEnvironment;
  readonly #ring: MessageRing;
  readonly #busyMeter: BusyMeter;
  #handled = 0;

  constructor(actorId: string, environment: ActorEnvironment) {
    this.#actorId = actorId;
    this.#environment = environment;
    this.#ring = new MessageRing(environment.recentMessages);
    this.#busyMeter = new BusyMeter(environment.clock.nowMs());
  }

  /** Oldest first. */
  recent(): MessageRecord[] {
    return this.#ring.recent();
  }

  /** Its part of the actor's report. */
  summary(nowMs: number): Pick<ActorReport, "waitMs" | "handleMs" | "busyShare" | "handled"> {
    return { ...this.#ring.times(), busyShare: this.#busyMeter.share(nowMs), handled: this.#handled };
  }

  /** The mailbox was offered a message. */
  noteOffered(messageType: string, what: "queued" | "coalesced" | "dropped"): void {
    if (this.trace !== undefined) this.#traced(messageType, what, undefined);
  }

  /** A message that the actor took at `startMs` is out of its hands. */
  noteTaken(
    messageType: string,
    sizeBytes: number | undefined,
    enqueuedAtMs: number,
    startMs: number,
    outcome: MessageOutcome,
  ): void {
    const { clock } = this.#environment;
    const nowMs = clock.nowMs();
    const handleMs = nowMs - startMs;
    if (outcome !== "failed") this.#handled++;
    this.#busyMeter.add(handleMs, nowMs);
    this.#ring.add({
      messageType,
      sizeBytes,
      waitMs: startMs - enqueuedAtMs,
      handleMs,
      outcome,
      atWallMs: clock.wallMs(),
    });
    if (this.trace !== undefined) this.#traced(messageType, outcome === "failed" ? "failed" : "handled", handleMs);
  }

  #traced(messageType: string, what: TraceEvent["what"], handleMs: number | undefined): void {
    if (this.trace?.record(this.#actorId, messageType, what, handleMs) === false) this.trace = undefined;
  }
}
