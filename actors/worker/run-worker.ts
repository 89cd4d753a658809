import { ActorSystem } from "../../src/actor/actor-system.ts";
import { NEVER_RESTART } from "../../src/actor/supervision.ts";
import { joinParent } from "../../src/actor/thread/actor-thread.ts";
import type { ThreadStart } from "../../src/actor/thread/thread-start.ts";
import type { Clock } from "../../src/base/clock.ts";
import type { Logger } from "../../src/base/log.ts";
import type { RandomSource } from "../../src/base/random.ts";
import type { TimerWheel } from "../../src/base/timer-wheel.ts";
import { nextTurn } from "../../src/base/turn.ts";
import { WorkerActor, type WorkerInbox, type WorkerNews } from "./actor.ts";
import type { WorkerThreadData } from "./protocol.ts";
import { RemoteTables } from "./remote-tables.ts";
import type { CreateRuntime } from "./runtime.ts";

/** What the entry script of a worker thread brings along. */
export interface WorkerMachine {
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  readonly log: Logger;
  readonly createRuntime: CreateRuntime;
}

/**
 * Runs a worker on the calling thread, until it is told to stop. Call once, from the entry script, with its `workerData`.
 * The worker's actor is not restarted: if it fails, the thread dies of it, and the supervisor starts a new one.
 */
export function runWorker(start: ThreadStart, data: WorkerThreadData, machine: WorkerMachine): void {
  const { clock, timers, random, log, createRuntime } = machine;
  const system = new ActorSystem({ thread: start.thread, clock, timers, random, log, schedule: nextTurn });
  const bridge = joinParent(start, system);
  const supervisor = bridge.ref<WorkerNews>(data.supervisor);
  const endThread = (): void => {
    // A turn later, so that the reply that is on its way through comlink leaves first.
    nextTurn(() => nextTurn(() => process.exit(0)));
  };
  const worker = system.spawn<WorkerInbox>({
    name: "worker",
    kind: "worker",
    restart: NEVER_RESTART,
    create: (context) => {
      const runtime = createRuntime({
        worker: data.worker,
        number: data.number,
        clock,
        timers,
        random,
        log,
        shared: data.shared,
        escalate: (error) => context.escalate(error),
        hostFailed: (cluster, address) => supervisor.tell({ type: "hostFailed", cluster, address }),
        hostTripped: (cluster, address, failures) =>
          supervisor.tell({ type: "hostTripped", cluster, address, failures }),
        tables: new RemoteTables((question, deadlineMs) => supervisor.ask(question, deadlineMs)),
      });
      return new WorkerActor(context, { data, runtime, supervisor, endThread });
    },
  });
  worker.watch((end) => {
    if (end.reason !== "failed") return;
    queueMicrotask(() => {
      throw new Error(end.error ?? "the worker failed");
    });
  });
  // Without its supervisor a worker is of no use to anybody.
  supervisor.watch(() => process.exit(1));
  bridge.startReports(data.reportIntervalMs);
}
