import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { type Transferable, transferOf, withTransfer } from "../../../src/actor/thread/transfer.ts";
import type { HandlerCommand, HandlerEvent, HandlerThreadData } from "./handler-thread.ts";

/** A connection handler on a thread of its own, as tests talk to it. */
export class HandlerThread {
  readonly worker: Worker;

  constructor(workerIndex: number) {
    const data: HandlerThreadData = { workerIndex };
    this.worker = new Worker(new URL("./handler-thread.ts", import.meta.url), { workerData: data });
  }

  /** Sends a command, moving what is named. */
  send(command: HandlerCommand, transfer: readonly Transferable[] = []): void {
    this.worker.postMessage(command, transferOf(withTransfer(command, transfer)));
  }

  /** Sends a command and resolves with its answer. Nothing else may be under way. */
  async ask(command: HandlerCommand, transfer: readonly Transferable[] = []): Promise<HandlerEvent> {
    this.send(command, transfer);
    const [event] = (await once(this.worker, "message")) as [HandlerEvent];
    return event;
  }

  /** Ends the thread. */
  async stop(): Promise<void> {
    this.send({ type: "stop" });
    await once(this.worker, "exit");
  }
}
