import type { ActorSystem } from "../../src/actor/actor-system.ts";
import { describeError } from "../../src/actor/ask-error.ts";
import { settleWithin } from "../../src/actor/settle-within.ts";
import { ChildSupervision, type CrashRecord, type RestartPolicy } from "../../src/actor/supervision.ts";
import type { Logger } from "../../src/base/log.ts";
import type { RandomSource } from "../../src/base/random.ts";
import type { WorkerSetting, WorkerSignal } from "../worker/protocol.ts";
import type { SupervisorEvent } from "./protocol.ts";
import { WorkerHandle, type WorkerThreadOptions } from "./worker-handle.ts";

/** How workers are run. */
export interface FleetOptions {
  readonly threads: WorkerThreadOptions;
  readonly random: RandomSource;
  readonly restart: RestartPolicy;
  /** How long a new worker may take to answer. */
  readonly startTimeoutMs: number;
}

/** What the fleet needs of its supervisor. */
export interface FleetHost {
  /** Brings a worker that has just started up to date. Rejects if it can't. */
  catchUp(worker: WorkerHandle): Promise<void>;
  onThreadStarted(worker: WorkerHandle): void;
  onThreadEnded(worker: WorkerHandle): void;
  emit(event: SupervisorEvent): void;
}

/** How a worker leaves; as in its `Drain`. `graceMs` is for each step besides the drain. */
export interface WindDown {
  readonly drainMs: number;
  readonly immediate: boolean;
  readonly idleMs?: number | undefined;
  readonly graceMs: number;
}

/** All workers: starts them, restarts each by its own budget when it crashes, lets them go. */
export class WorkerFleet {
  readonly #system: ActorSystem;
  readonly #supervisorId: string;
  readonly #options: FleetOptions;
  readonly #host: FleetHost;
  readonly #log: Logger;
  readonly #workers = new Map<string, WorkerHandle>();
  /** Settings for workers that start later, by what they set. */
  readonly #settings = new Map<string, WorkerSetting>();
  readonly #starting = new Map<WorkerHandle, Promise<void>>();

  constructor(system: ActorSystem, supervisorId: string, options: FleetOptions, host: FleetHost, log: Logger) {
    this.#system = system;
    this.#supervisorId = supervisorId;
    this.#options = options;
    this.#host = host;
    this.#log = log;
  }

  /** All, the leaving ones included, by number. */
  all(): WorkerHandle[] {
    return [...this.#workers.values()].sort((a, b) => a.number - b.number);
  }

  /** Those that are meant to stay, also while they wait for a restart. */
  staying(): WorkerHandle[] {
    return this.all().filter((worker) => worker.status !== "draining" && worker.status !== "stopped");
  }

  /** Those that can take part in a version now. */
  participants(): WorkerHandle[] {
    return this.all().filter((worker) => worker.participates);
  }

  /** Whether some worker runs or will run again. */
  get hopeful(): boolean {
    return this.staying().some((worker) => !worker.givenUp);
  }

  /** Forgets the workers that aren't restarted any more. */
  async removeGivenUp(): Promise<void> {
    for (const worker of this.all()) {
      if (!worker.givenUp) continue;
      worker.moveTo("stopped");
      await worker.end("given up");
      this.#forget(worker);
    }
  }

  find(name: string): WorkerHandle | undefined {
    return this.#workers.get(name);
  }

  /** Starts one more worker, with the lowest free number. Resolves when it serves; or has failed, which is logged. */
  add(): { readonly worker: WorkerHandle; readonly serving: Promise<void> } {
    let number = 1;
    while (this.#workers.has(`worker-${number}`)) number++;
    const { random, restart, threads } = this.#options;
    const supervision = new ChildSupervision(this.#system.clock, random, restart);
    const worker = new WorkerHandle(number, this.#system, this.#supervisorId, threads, supervision);
    this.#workers.set(worker.name, worker);
    return { worker, serving: this.#bringUp(worker) };
  }

  /** Resolves when every thread that is being started has answered, or has ended. */
  async whenStarted(): Promise<void> {
    await Promise.allSettled(this.#starting.values());
  }

  broadcast(message: WorkerSetting | WorkerSignal): void {
    if (message.type === "setLogLevel") this.#settings.set(`log ${message.component}`, message);
    if (message.type === "setRuntimeOverrides") this.#settings.set("runtime", message);
    if (message.type === "setHealthCheckFailed") this.#settings.set("health", message);
    for (const worker of this.participants()) worker.ref.tell(message);
  }

  /**
   * Winds a worker down and takes it away: drains, flushes its stats by `flush`, stops. Its listening servers should have
   * been moved before. Returns how many connections were cut, undefined if it didn't say.
   */
  async remove(
    worker: WorkerHandle,
    drain: WindDown,
    flush: (worker: WorkerHandle) => Promise<unknown>,
  ): Promise<number | undefined> {
    if (worker.status === "failed") {
      worker.moveTo("stopped");
      await worker.end("removed");
      this.#forget(worker);
      return 0;
    }
    if (worker.status !== "draining") worker.moveTo("draining");
    if (!worker.greeted) {
      await worker.end("removed before it was up");
      return 0;
    }
    const cut = await this.#windDown(worker, drain, flush);
    await settleWithin(this.#system.timers, drain.graceMs, worker.ended());
    await worker.end("did not stop in time");
    return cut;
  }

  async #windDown(
    worker: WorkerHandle,
    { drainMs, immediate, idleMs, graceMs }: WindDown,
    flush: (worker: WorkerHandle) => Promise<unknown>,
  ): Promise<number | undefined> {
    try {
      const drained = await worker.ref.ask(
        { type: "drain", deadlineMs: drainMs, immediate, idleMs },
        drainMs + graceMs,
      );
      await flush(worker);
      // The reply may lose the race against the thread's end, which is what the caller waits for.
      await worker.ref.ask({ type: "stop" }, graceMs).catch(() => undefined);
      return drained.cut;
    } catch (error) {
      this.#log.error({ worker: worker.name, error: describeError(error) }, "worker could not be wound down");
      return undefined;
    }
  }

  async #bringUp(worker: WorkerHandle): Promise<void> {
    const started = worker.start(this.#options.startTimeoutMs, () => this.#onThreadEnded(worker));
    this.#host.onThreadStarted(worker);
    this.#starting.set(worker, started);
    try {
      await started;
      for (const setting of this.#settings.values()) worker.ref.tell(setting);
      await this.#host.catchUp(worker);
      if (worker.status !== "starting") return;
      worker.moveTo("running");
      this.#host.emit({ type: "workerStarted", worker: worker.name, version: worker.version });
    } catch (error) {
      // One that is removed meanwhile isn't expected to.
      if (worker.status === "starting")
        this.#log.error({ worker: worker.name, error: describeError(error) }, "worker did not come up");
      await worker.end(describeError(error));
    } finally {
      if (this.#starting.get(worker) === started) this.#starting.delete(worker);
    }
  }

  #onThreadEnded(worker: WorkerHandle): void {
    this.#host.onThreadEnded(worker);
    if (worker.status === "draining") worker.moveTo("stopped");
    if (worker.status === "stopped") {
      this.#forget(worker);
      return;
    }
    worker.moveTo("failed");
    const crash = worker.supervision.onCrash(worker.lastError ?? "the thread has ended");
    worker.note("crashed", `${crash.error}; ${crashFollows(crash)}`, { stack: worker.lastStack });
    this.#log.error({ worker: worker.name, ...crash }, "worker crashed");
    this.#host.emit({ type: "workerCrashed", worker: worker.name, crash });
    if (crash.action === "give_up") {
      this.#host.emit({ type: "workerFailed", worker: worker.name, error: crash.error });
      if (!this.hopeful) this.#host.emit({ type: "allWorkersFailed", error: crash.error });
      return;
    }
    this.#system.timers.timer(() => this.#restart(worker)).arm(crash.delayMs);
  }

  #restart(worker: WorkerHandle): void {
    if (worker.status !== "failed" || this.#workers.get(worker.name) !== worker) return;
    worker.moveTo("starting");
    const { restarts } = worker.supervision;
    worker.note("restarted", `restart ${restarts}`);
    this.#log.warn({ worker: worker.name, restarts }, "worker restarts");
    this.#host.emit({ type: "workerRestarted", worker: worker.name, restarts });
    void this.#bringUp(worker);
  }

  #forget(worker: WorkerHandle): void {
    if (this.#workers.get(worker.name) !== worker) return;
    this.#workers.delete(worker.name);
    worker.forget();
    this.#host.emit({ type: "workerStopped", worker: worker.name });
  }
}

function crashFollows({ action, delayMs }: CrashRecord): string {
  return action === "restart" ? `restart in ${Math.round(delayMs)} ms` : "given up: too many crashes";
}
