import type { MessagePort } from "node:worker_threads";
import type { WheelTimer } from "../../base/timer-wheel.ts";
import { nextTurn } from "../../base/turn.ts";
import type { ActorEnd, ActorRef, Message } from "../actor-ref.ts";
import type { ActorSystem } from "../actor-system.ts";
import { AskError, describeError } from "../ask-error.ts";
import type { DeadLetterReason } from "../inspection/dead-letters.ts";
import type { MailboxPolicy } from "../mailbox.ts";
import { type BridgeFrame, CREDIT_LOT } from "./bridge-frame.ts";
import { ControlChannel } from "./control-channel.ts";
import { controlSurfaceOf } from "./own-surface.ts";
import { RemoteActorRef, type RemoteLink } from "./remote-actor-ref.ts";
import { RemoteReports } from "./remote-reports.ts";
import { transferOf } from "./transfer.ts";

/** The two ports that join a pair of threads. */
export interface BridgePorts {
  /** Messages, credits and reports. */
  readonly tellPort: MessagePort;
  /** Questions and replies, by comlink. Kept apart: its order has nothing to do with that of messages. */
  readonly controlPort: MessagePort;
}

/**
 * Joins the actors of two threads; one at each end. Messages keep their order per actor. A bridge closes once, when the
 * other thread ends or by `close`; from then on messages are dead letters and questions are rejected.
 */
export class ThreadBridge implements RemoteLink {
  /** Name of the other thread. */
  readonly peer: string;
  readonly control: ControlChannel;
  readonly reports = new RemoteReports();
  readonly #system: ActorSystem;
  readonly #ports: BridgePorts;
  readonly #refs = new Map<string, Pick<RemoteActorRef<never>, "credit" | "abandon">>();
  readonly #owedCredits = new Map<string, number>();
  readonly #watchers = new Set<(because: string) => void>();
  readonly #reportTimer: WheelTimer;
  #reportIntervalMs = 0;
  #reportUnderWay = false;
  #closedBecause: string | undefined;

  constructor(peer: string, ports: BridgePorts, system: ActorSystem) {
    this.peer = peer;
    this.#ports = ports;
    this.#system = system;
    this.control = new ControlChannel(ports.controlPort, peer, controlSurfaceOf(system), system.timers);
    this.#reportTimer = system.timers.timer(() => {
      // After the messages that came due with it: they are not what is left waiting.
      nextTurn(() => this.#sendReport());
    });
    ports.tellPort.on("message", (frame: BridgeFrame) => this.#onFrame(frame));
    ports.tellPort.on("messageerror", (error: unknown) => {
      system.log.error({ peer, error: describeError(error) }, "a message of another thread could not be read");
    });
    ports.tellPort.on("close", () => this.close("the thread has closed its port", false));
  }

  get closed(): boolean {
    return this.#closedBecause !== undefined;
  }

  /**
   * Makes the ref of the actor `name` of the other thread. `policy` says how its messages wait for credit. Once per
   * name, because the credits are counted there: throws on a second call.
   */
  ref<M extends Message>(name: string, policy?: MailboxPolicy<M>): ActorRef<M> {
    if (this.#refs.has(name)) throw new Error(`there is a ref of ${this.peer}/${name} already`);
    const ref = new RemoteActorRef<M>(`${this.peer}/${name}`, name, this, policy);
    this.#refs.set(name, ref);
    return ref;
  }

  /** Sends the tree of this thread's actors to the other thread now and every `intervalMs`. */
  startReports(intervalMs: number): void {
    this.#reportIntervalMs = intervalMs;
    this.#sendReport();
  }

  /** `alive` = the other thread still runs. Closing twice does nothing. */
  close(because: string, alive: boolean): void {
    if (this.#closedBecause !== undefined) return;
    this.#closedBecause = because;
    this.#reportTimer.disarm();
    this.control.close(because, alive);
    for (const ref of this.#refs.values()) ref.abandon();
    for (const watcher of [...this.#watchers]) watcher(because);
    this.#watchers.clear();
    this.#ports.tellPort.close();
    // An open channel that was just released closes its port itself, after the other side has heard of it.
    if (!alive) this.#ports.controlPort.close();
  }

  post(to: string, message: Message): DeadLetterReason | undefined {
    if (this.#closedBecause !== undefined) return "thread_gone";
    try {
      this.#postFrame({ frame: "tell", to, message }, message);
      return undefined;
    } catch (error) {
      this.#system.log.error({ to, type: message.type, error: describeError(error) }, "message can't be sent");
      return "not_cloneable";
    }
  }

  ask(to: string, question: Message, deadlineMs: number): Promise<unknown> {
    if (this.#closedBecause !== undefined) {
      const message = `${question.type} to ${this.peer}/${to}: ${this.#closedBecause}`;
      return Promise.reject(new AskError("unreachable", message));
    }
    return this.control.ask(to, question, deadlineMs);
  }

  watch(id: string, onEnd: (end: ActorEnd) => void): () => void {
    const watcher = (because: string): void => onEnd({ id, reason: "unreachable", error: because });
    if (this.#closedBecause !== undefined) {
      watcher(this.#closedBecause);
      return () => {};
    }
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  deadLetter(to: string, message: Message, reason: DeadLetterReason): void {
    this.#system.deadLetters.record(to, message.type, reason);
  }

  nowMs(): number {
    return this.#system.clock.nowMs();
  }

  #onFrame(frame: BridgeFrame): void {
    switch (frame.frame) {
      case "tell":
        this.#onTell(frame.to, frame.message);
        break;
      case "credit":
        this.#refs.get(frame.to)?.credit(frame.count);
        break;
      case "report":
        this.reports.receive(frame.actors, frame.intervalMs, this.nowMs());
        this.#postFrame({ frame: "reportTaken" });
        break;
      case "reportTaken":
        this.#reportUnderWay = false;
        break;
    }
  }

  #onTell(to: string, message: Message): void {
    const member = this.#system.find(to);
    if (member !== undefined) {
      member.deliver(message, () => this.#giveCredit(to));
      return;
    }
    this.deadLetter(to, message, "no_such_actor");
    this.#giveCredit(to);
  }

  #giveCredit(to: string): void {
    const owed = (this.#owedCredits.get(to) ?? 0) + 1;
    if (owed < CREDIT_LOT) {
      this.#owedCredits.set(to, owed);
      return;
    }
    this.#owedCredits.delete(to);
    if (this.#closedBecause === undefined) this.#postFrame({ frame: "credit", to, count: owed });
  }

  #sendReport(): void {
    if (this.#closedBecause !== undefined) return;
    this.#reportTimer.arm(this.#reportIntervalMs);
    if (this.#reportUnderWay) return;
    this.#reportUnderWay = true;
    this.#postFrame({ frame: "report", intervalMs: this.#reportIntervalMs, actors: this.#system.tree() });
  }

  #postFrame(frame: BridgeFrame, message?: Message): void {
    this.#ports.tellPort.postMessage(frame, transferOf(message));
  }
}
