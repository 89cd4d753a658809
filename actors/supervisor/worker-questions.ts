import type { ActorRef } from "../../src/actor/actor-ref.ts";
import { describeError } from "../../src/actor/ask-error.ts";
import type { WorkerMessage } from "../worker/protocol.ts";
import type { WorkerAnswer } from "./protocol.ts";
import type { WorkerHandle } from "./worker-handle.ts";

/** Asks several workers at the same time. Every one of them is in the answer; those that didn't reply say why. */
export function askWorkers<T>(
  workers: readonly WorkerHandle[],
  ask: (ref: ActorRef<WorkerMessage>) => Promise<T>,
): Promise<WorkerAnswer<T>[]> {
  return Promise.all(
    workers.map(async (worker): Promise<WorkerAnswer<T>> => {
      try {
        return { worker: worker.name, answered: true, value: await ask(worker.ref) };
      } catch (error) {
        return { worker: worker.name, answered: false, reason: describeError(error) };
      }
    }),
  );
}
