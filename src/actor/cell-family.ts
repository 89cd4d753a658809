import type { ActorSpec } from "./actor.ts";
import type { ActorHandle, ActorRef, Message } from "./actor-ref.ts";
import type { HistoryEntry } from "./inspection/actor-history.ts";
import type { ActorReport } from "./inspection/actor-report.ts";
import type { MessageLedger } from "./inspection/message-ledger.ts";
import type { ShownState } from "./inspection/shown-state.ts";
import type { MessageRecord } from "./message-ring.ts";

/** Failed children that stay visible in the tree; older ones are forgotten. */
const KEPT_FAILED = 50;

/** An actor as the tree knows it, whatever its protocol. */
export interface FamilyMember extends ActorHandle {
  readonly ended: boolean;
  readonly family: CellFamily;
  readonly ledger: MessageLedger;
  start(): void;
  stop(deadlineMs: number): Promise<void>;
  report(): ActorReport;
  recentMessages(): MessageRecord[];
  historyEntries(): HistoryEntry[];
  /** What the actor says of itself; null if it says nothing. */
  shownState(): ShownState | null;
  /** As `tell`; calls `onTaken` once when the message needs no room any more (taken, replaced or dropped). */
  deliver(message: Message, onTaken: () => void): void;
  askAny(question: Message, deadlineMs: number): Promise<unknown>;
}

/** Makes the cell of a new child. Given from outside because cells and families hold each other. */
export type MakeCell = <M extends Message>(id: string, spec: ActorSpec<M>) => FamilyMember & ActorRef<M>;

/** The children of one actor, or the roots of a thread. A child that failed for good stays to be looked at. */
export class CellFamily {
  readonly #parentId: string;
  readonly #makeCell: MakeCell;
  readonly #members = new Map<string, FamilyMember>();

  /** `parentId` is empty for the roots. */
  constructor(parentId: string, makeCell: MakeCell) {
    this.#parentId = parentId;
    this.#makeCell = makeCell;
  }

  /** Members that have not ended. */
  get livingCount(): number {
    let count = 0;
    for (const member of this.#members.values()) if (!member.ended) count++;
    return count;
  }

  /** Throws if the name is malformed or belongs to a living child. */
  spawn<M extends Message>(spec: ActorSpec<M>): ActorRef<M> {
    if (spec.name === "" || spec.name.includes("/")) throw new Error(`"${spec.name}" can't be the name of an actor`);
    const id = this.#parentId === "" ? spec.name : `${this.#parentId}/${spec.name}`;
    const present = this.#members.get(spec.name);
    if (present !== undefined && !present.ended) throw new Error(`there is an actor ${id} already`);
    const cell = this.#makeCell(id, spec);
    this.#members.delete(spec.name);
    this.#members.set(spec.name, cell);
    cell.watch((end) => {
      if (end.reason === "stopped" && this.#members.get(spec.name) === cell) this.#members.delete(spec.name);
      else this.#forgetOldFailures();
    });
    cell.start();
    return cell;
  }

  member(name: string): FamilyMember | undefined {
    return this.#members.get(name);
  }

  members(): FamilyMember[] {
    return [...this.#members.values()];
  }

  /** Stops the child with this id, if there is one. */
  async stop(id: string, deadlineMs: number): Promise<void> {
    for (const [name, member] of this.#members) {
      if (member.id !== id) continue;
      const wasEnded = member.ended;
      await member.stop(deadlineMs);
      if (wasEnded && this.#members.get(name) === member) this.#members.delete(name);
    }
  }

  /** Stops all children at the same time; resolves when the last has ended. */
  async stopAll(deadlineMs: number): Promise<void> {
    await Promise.all(this.members().map((member) => this.stop(member.id, deadlineMs)));
  }

  reports(): ActorReport[] {
    return this.members().map((member) => member.report());
  }

  #forgetOldFailures(): void {
    const ended = [...this.#members].filter(([, member]) => member.ended);
    for (const [name] of ended.slice(0, Math.max(ended.length - KEPT_FAILED, 0))) this.#members.delete(name);
  }
}
