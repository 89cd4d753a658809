import type { MessagePort } from "node:worker_threads";
import * as Comlink from "comlink";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { Message } from "../actor-ref.ts";
import { AskError, describeError } from "../ask-error.ts";
import { PendingAsk } from "../pending-ask.ts";
import type { ControlSurface, RemoteAnswer } from "./control-surface.ts";
import { transferOf } from "./transfer.ts";

/** Calls that may wait at once. A thread that is stuck would otherwise collect them without end. */
const MAX_PENDING = 256;

/**
 * Request and reply between two threads, over comlink. One per pair of threads and long-lived. Comlink never settles a
 * call whose other side died, so each call has a deadline of its own and all pending ones are rejected on `close`.
 */
export class ControlChannel {
  readonly #remote: Comlink.Remote<ControlSurface>;
  readonly #timers: TimerWheel;
  readonly #peer: string;
  readonly #pending = new Set<PendingAsk>();
  #closedBecause: string | undefined;

  /** `peer` names the other thread in errors. `own` is what the other thread may call here. */
  constructor(port: MessagePort, peer: string, own: ControlSurface, timers: TimerWheel) {
    this.#peer = peer;
    this.#timers = timers;
    Comlink.expose(withReplyTransfer(own), port);
    this.#remote = Comlink.wrap<ControlSurface>(port);
    port.on("messageerror", () => this.#failAll("a message of the other thread could not be read"));
  }

  /** Calls that wait for the other thread. */
  get pendingCount(): number {
    return this.#pending.size;
  }

  /** Calls the other thread. Rejects with an `AskError`; never hangs. */
  call<T>(
    what: string,
    deadlineMs: number,
    request: (remote: Comlink.Remote<ControlSurface>) => Promise<T>,
  ): Promise<T> {
    const failure = this.#refusal();
    if (failure !== undefined) return Promise.reject(new AskError("unreachable", `${what}: ${failure}`));
    const pending = new PendingAsk(this.#timers, deadlineMs, what, (settled) => this.#pending.delete(settled));
    this.#pending.add(pending);
    try {
      request(this.#remote).then(
        (value) => pending.succeed(value),
        (error: unknown) => pending.fail("refused", describeError(error), error),
      );
    } catch (error) {
      pending.fail("refused", describeError(error), error);
    }
    return pending.promise as Promise<T>;
  }

  /** Asks an actor of the other thread. What `withTransfer` names in the question moves there. */
  async ask(to: string, question: Message, deadlineMs: number): Promise<unknown> {
    const what = `${question.type} to ${this.#peer}/${to}`;
    const sent = Comlink.transfer(question, transferOf(question));
    const answer = await this.call<RemoteAnswer>(what, deadlineMs, async (remote) => remote.ask(to, sent, deadlineMs));
    if (answer.ok) return answer.value;
    throw new AskError(answer.reason, answer.message);
  }

  /** Rejects all that is pending, and every later call. `alive` = the other thread still runs and is told. */
  close(because: string, alive: boolean): void {
    if (this.#closedBecause !== undefined) return;
    this.#closedBecause = because;
    this.#failAll(because);
    if (alive) this.#remote[Comlink.releaseProxy]();
  }

  #refusal(): string | undefined {
    if (this.#closedBecause !== undefined) return `${this.#peer}: ${this.#closedBecause}`;
    if (this.#pending.size >= MAX_PENDING) return `${this.#peer} has ${MAX_PENDING} calls waiting already`;
    return undefined;
  }

  #failAll(because: string): void {
    for (const pending of [...this.#pending]) pending.fail("crashed", `${this.#peer}: ${because}`);
  }
}

/** Lets what `withTransfer` names in a reply move instead of being copied. */
function withReplyTransfer(own: ControlSurface): ControlSurface {
  return {
    ...own,
    async ask(to, question, deadlineMs) {
      const answer = await own.ask(to, question, deadlineMs);
      return answer.ok ? Comlink.transfer(answer, transferOf(answer.value)) : answer;
    },
  };
}
