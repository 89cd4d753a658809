import type { Socket } from "node:net";
import type { Actor, ActorContext, ActorSpec } from "../../src/actor/actor.ts";
import type { ActorRef, QuestionsOf, ReplyIn } from "../../src/actor/actor-ref.ts";
import type { ActorSystem } from "../../src/actor/actor-system.ts";
import { describeError } from "../../src/actor/ask-error.ts";
import { settleWithin } from "../../src/actor/settle-within.ts";
import { NEVER_RESTART, type RestartPolicy } from "../../src/actor/supervision.ts";
import type { RandomSource } from "../../src/base/random.ts";
import { workerIndexOf } from "../../src/listener/connection-id.ts";
import type { MembershipMessage } from "../membership/protocol.ts";
import type { WorkerMessage } from "../worker/protocol.ts";
import type { ConfigCompiler } from "./config-compiler.ts";
import { noteEvent } from "./event-notes.ts";
import { HashTables } from "./hash-tables.ts";
import { ListenerMoves } from "./listener-moves.ts";
import { ListeningSockets } from "./listening-sockets.ts";
import { type CheckConnections, MembershipLink } from "./membership-link.ts";
import type {
  Broadcast,
  CloseAnyConnection,
  InspectWorkers,
  SetWorkerCount,
  Shutdown,
  Subscribe,
  SupervisorEvent,
  SupervisorMessage,
  SupervisorStatus,
} from "./protocol.ts";
import { ReloadQueue } from "./reload-queue.ts";
import { SerialQueue } from "./serial-queue.ts";
import { type InForceListener, SnapshotControl } from "./snapshot-control.ts";
import type { SnapshotExtras } from "./snapshot-rollout.ts";
import { StatsCollection, type StatsReceiver } from "./stats-collection.ts";
import { WorkerFleet } from "./worker-fleet.ts";
import type { WorkerHandle, WorkerThreadOptions } from "./worker-handle.ts";
import { askWorkers } from "./worker-questions.ts";

/** How long connections of a worker that leaves may go on, and how its end is announced; as in the worker's `Drain`. */
export interface LeaveOptions {
  readonly drainMs: number;
  readonly immediate: boolean;
  readonly idleMs?: number | undefined;
}

/** What a supervisor is made of. */
export interface SupervisorOptions {
  readonly system: ActorSystem;
  readonly random: RandomSource;
  readonly compiler: ConfigCompiler;
  readonly stats: StatsReceiver;
  readonly threads: WorkerThreadOptions;
  /** Knows the hosts of clusters with discovery. Default: there are no such clusters. */
  readonly membership?: ActorRef<MembershipMessage>;
  /** Absent: health checks are plain. */
  readonly checkConnections?: CheckConnections;
  /** What goes with a version beside its resources. Default: nothing. */
  readonly extras?: SnapshotExtras;
  /** Workers to start with. */
  readonly workerCount: number;
  /** Called with each configuration as it comes in force. */
  readonly onInForce?: InForceListener;
  /** Called as subscribers are told. */
  readonly onEvent?: (event: SupervisorEvent) => void;
  /** For workers that `SetWorkerCount` takes away. Default: Envoy's drain time of 600 s, spread. */
  readonly leave?: LeaveOptions;
  readonly workerRestart?: RestartPolicy;
  /** How long a worker may take to start. Default 30000. */
  readonly startTimeoutMs?: number;
  /** How long a worker may take to prepare a version. Default 10000. */
  readonly prepareTimeoutMs?: number;
  /** How long the supervisor waits for a commit. A late worker still commits. Default 5000. */
  readonly commitTimeoutMs?: number;
  /** How long a worker may take to hand listening servers over, or to adopt them. Default 2000. */
  readonly moveTimeoutMs?: number;
}

const DEFAULT_LEAVE: LeaveOptions = { drainMs: 600_000, immediate: false };
const DEFAULT_START_TIMEOUT_MS = 30_000;
const DEFAULT_PREPARE_TIMEOUT_MS = 10_000;
const DEFAULT_COMMIT_TIMEOUT_MS = 5_000;
const DEFAULT_MOVE_TIMEOUT_MS = 2_000;
const ESTIMATE_TIMEOUT_MS = 1_000;
/** For a worker that has drained to flush its stats, stop and end. */
const GRACE_MS = 2_000;
const MAX_WORKERS = 1_024;

/**
 * Spec of the supervisor: the actor on the main thread that has the workers. Spawn it as a root, once. It isn't
 * restarted: without it there is nothing to go on with.
 */
export function supervisorSpec(options: SupervisorOptions): ActorSpec<SupervisorMessage> {
  return {
    name: "supervisor",
    kind: "supervisor",
    restart: NEVER_RESTART,
    create: (context) => new SupervisorActor(context, options),
  };
}

/** Has the workers, brings configurations to them and answers for them. Nothing it does holds up its mailbox. */
export class SupervisorActor implements Actor<SupervisorMessage> {
  readonly #context: ActorContext<SupervisorMessage>;
  readonly #options: SupervisorOptions;
  readonly #fleet: WorkerFleet;
  readonly #sockets: ListeningSockets;
  readonly #moves: ListenerMoves;
  readonly #snapshots: SnapshotControl;
  readonly #membership: MembershipLink;
  readonly #stats: StatsCollection;
  readonly #hashTables = new HashTables();
  /** Whatever changes what workers have in force or who has which socket. */
  readonly #jobs = new SerialQueue();
  readonly #reloads: ReloadQueue;
  readonly #counts = new SerialQueue();
  readonly #subscribers = new Set<ActorRef<SupervisorEvent>>();
  #shuttingDown = false;

  constructor(context: ActorContext<SupervisorMessage>, options: SupervisorOptions) {
    this.#context = context;
    this.#options = options;
    const { log, clock, timers } = context;
    this.#sockets = new ListeningSockets((key, socket, holders) => this.#handOut(key, socket, holders), log);
    this.#moves = new ListenerMoves(this.#sockets, options.moveTimeoutMs ?? DEFAULT_MOVE_TIMEOUT_MS, timers, log);
    this.#stats = new StatsCollection(options.stats, timers);
    this.#membership = new MembershipLink(options.membership, options.checkConnections, log);
    this.#fleet = this.#createFleet();
    this.#snapshots = new SnapshotControl({
      compiler: options.compiler,
      fleet: this.#fleet,
      sockets: this.#sockets,
      moves: this.#moves,
      deadlines: {
        prepareMs: options.prepareTimeoutMs ?? DEFAULT_PREPARE_TIMEOUT_MS,
        commitMs: options.commitTimeoutMs ?? DEFAULT_COMMIT_TIMEOUT_MS,
      },
      extras: options.extras ?? (() => undefined),
      onInForce: options.onInForce ?? (() => {}),
      membership: this.#membership,
      estimateMs: ESTIMATE_TIMEOUT_MS,
      clock,
      log,
      emit: (event) => this.#emit(event),
    });
    this.#reloads = new ReloadQueue(this.#jobs, (request) => this.#snapshots.apply(request));
    context.setAttribute("snapshotVersion", 0);
  }

  start(): void {
    for (let i = 0; i < this.#options.workerCount; i++) void this.#fleet.add().serving;
  }

  receive(message: SupervisorMessage): void {
    switch (message.type) {
      case "reload":
        this.#answer(
          message,
          this.#unlessShuttingDown(() => this.#reloads.request(message)),
        );
        break;
      case "dryRun":
        this.#answer(message, this.#snapshots.dryRun(message.source));
        break;
      case "compile":
        this.#answer(message, this.#snapshots.compile(message.source));
        break;
      case "setWorkerCount":
        this.#answer(
          message,
          this.#unlessShuttingDown(() => this.#counts.run(() => this.#setWorkerCount(message))),
        );
        break;
      case "inspectWorkers":
        this.#answer(message, this.#inspect(message));
        break;
      case "closeConnection":
        this.#answer(message, this.#closeConnection(message));
        break;
      case "collectStats":
        this.#answer(message, this.#stats.collect(this.#fleet.participants(), message.deadlineMs));
        break;
      case "getStatus":
        this.#context.reply(message, this.#status());
        break;
      case "broadcast":
        this.#broadcast(message.message);
        break;
      case "crashWorker":
        this.#context.reply(message, this.#tellWorker(message.worker, { type: "crash" }));
        break;
      case "blockWorker":
        this.#context.reply(message, this.#tellWorker(message.worker, { type: "block", ms: message.ms }));
        break;
      case "subscribe":
        this.#subscribe(message);
        break;
      case "shutdown":
        this.#answer(message, this.#shutdown(message));
        break;
      default:
        this.#receiveNews(message);
        break;
    }
  }

  inspect(): unknown {
    const { history, ...status } = this.#status();
    return {
      ...status,
      shuttingDown: this.#shuttingDown,
      subscribers: this.#subscribers.size,
      hashTables: this.#hashTables.inspect(),
      // Names only: there may be thousands, and each attempt has its own in the history.
      attemptsKept: history.map(({ version, atWallMs, cause, outcome, durationMs }) => ({
        version,
        atWallMs,
        cause,
        outcome,
        durationMs,
      })),
    };
  }

  async stop(): Promise<void> {
    this.#shuttingDown = true;
    this.#sockets.close();
    await this.#hashTables.close();
    await Promise.all(this.#fleet.all().map((worker) => this.#end(worker, "the supervisor has stopped")));
  }

  #receiveNews(message: SupervisorMessage): void {
    switch (message.type) {
      case "statsFlushed":
        this.#stats.onFlushed(message, this.#fleet.find(message.worker));
        break;
      case "listenersHandedOver":
        this.#moves.onHandedOver(message, this.#fleet.participants());
        break;
      case "buildHashTable":
        this.#answer(
          message,
          this.#hashTables.build(message.recipe).then((table) => ({ type: "hashTableBuilt", table })),
        );
        break;
      case "hostTripped":
        this.#membership.hostTripped(message);
        break;
      case "hostFailed":
        this.#membership.hostFailed(message);
        break;
      case "snapshotApplied": {
        const worker = this.#fleet.find(message.worker);
        if (worker?.incarnation === message.incarnation) worker.version = Math.max(worker.version, message.version);
        break;
      }
      default:
        this.#context.unhandled(message);
    }
  }

  #createFleet(): WorkerFleet {
    const { system, threads, random, workerRestart = {}, startTimeoutMs = DEFAULT_START_TIMEOUT_MS } = this.#options;
    const options = { threads, random, restart: workerRestart, startTimeoutMs };
    const { stats } = this.#options;
    return new WorkerFleet(
      system,
      this.#context.self.id,
      options,
      {
        catchUp: (worker) => {
          this.#membership.workerStarted(worker);
          return this.#jobs.run(() => this.#snapshots.catchUp(worker));
        },
        onThreadStarted: ({ name, incarnation }) => stats.workerStarted(name, incarnation),
        onThreadEnded: ({ name, incarnation }) => {
          this.#sockets.forget(name);
          this.#membership.workerEnded(name);
          stats.workerEnded(name, incarnation);
        },
        emit: (event) => this.#emit(event),
      },
      this.#context.log,
    );
  }

  /** Replies when the work is done; the mailbox goes on meanwhile. */
  #answer<Q extends QuestionsOf<SupervisorMessage>>(question: Q, work: Promise<ReplyIn<SupervisorMessage, Q>>): void {
    work.then(
      (reply) => this.#context.reply(question, reply),
      (error: unknown) => this.#context.refuse(question, error),
    );
  }

  #unlessShuttingDown<T>(work: () => Promise<T>): Promise<T> {
    return this.#shuttingDown ? Promise.reject(new Error("Troupe is shutting down")) : work();
  }

  async #setWorkerCount({ count }: SetWorkerCount): Promise<ReplyIn<SupervisorMessage, SetWorkerCount>> {
    if (!Number.isInteger(count) || count < 1 || count > MAX_WORKERS) {
      throw new RangeError(`the number of workers is a whole number from 1 to ${MAX_WORKERS}, not ${count}`);
    }
    const before = this.#fleet.staying().length;
    await this.#fleet.removeGivenUp();
    const staying = this.#fleet.staying();
    const added: Promise<void>[] = [];
    for (let i = staying.length; i < count; i++) added.push(this.#fleet.add().serving);
    await Promise.all(added);
    for (const worker of staying.slice(count).reverse()) await this.#jobs.run(() => this.#leave(worker));
    return { type: "workerCountChanged", before, after: this.#fleet.staying().length };
  }

  /** Resolves when the worker's listening sockets are with others. The rest of its leave takes its time. */
  async #leave(worker: WorkerHandle): Promise<void> {
    const alive = worker.participates;
    if (worker.status !== "failed") worker.moveTo("draining");
    if (alive) {
      try {
        await this.#moves.moveAll(worker, this.#fleet.participants());
      } catch (error) {
        const reason = describeError(error);
        this.#context.log.error({ worker: worker.name, error: reason }, "listeners could not be handed over");
      }
    }
    void this.#remove(worker, this.#options.leave ?? DEFAULT_LEAVE);
  }

  #remove(worker: WorkerHandle, { drainMs, immediate, idleMs }: LeaveOptions): Promise<number | undefined> {
    return this.#fleet.remove(worker, { drainMs, immediate, idleMs, graceMs: GRACE_MS }, (leaving) =>
      this.#stats.collect([leaving], GRACE_MS),
    );
  }

  async #shutdown(message: Shutdown): Promise<ReplyIn<SupervisorMessage, Shutdown>> {
    this.#shuttingDown = true;
    this.#sockets.close();
    const { timers } = this.#context;
    const workers = this.#fleet.all();
    let cut = 0;
    const winding = workers.map(async (worker) => {
      cut += (await this.#remove(worker, message)) ?? 0;
    });
    const outcome = await settleWithin(timers, message.deadlineMs, Promise.all(winding));
    if (outcome === "late")
      this.#context.log.error({ deadlineMs: message.deadlineMs }, "workers cut off at the deadline");
    await Promise.all(workers.map((worker) => this.#end(worker, "cut off at the shutdown deadline")));
    return { type: "workersStopped", cut };
  }

  async #end(worker: WorkerHandle, because: string): Promise<void> {
    if (worker.status === "failed") worker.moveTo("stopped");
    else if (worker.status !== "draining" && worker.status !== "stopped") worker.moveTo("draining");
    await worker.end(because);
  }

  #inspect({ query, worker, deadlineMs }: InspectWorkers): Promise<ReplyIn<SupervisorMessage, InspectWorkers>> {
    const asked = this.#fleet.all().filter((each) => worker === undefined || each.name === worker);
    return askWorkers(asked, (ref) => ref.ask({ type: "inspect", query }, deadlineMs));
  }

  async #closeConnection({ id, deadlineMs }: CloseAnyConnection): Promise<boolean> {
    const index = workerIndexOf(id);
    const asked = this.#fleet.all().filter(({ number }) => number - 1 === index);
    const answers = await askWorkers(asked, (ref) => ref.ask({ type: "closeConnection", id }, deadlineMs));
    return answers.some((answer) => answer.answered && answer.value);
  }

  #status(): SupervisorStatus {
    return {
      version: this.#snapshots.version,
      reloading: this.#reloads.busy,
      workers: this.#fleet.all().map((worker) => worker.statusNow()),
      listeners: this.#sockets.status(),
      history: this.#snapshots.history(),
      attempts: this.#snapshots.attempts(),
    };
  }

  #broadcast(message: Broadcast["message"]): void {
    this.#fleet.broadcast(message);
    // What this thread accepts, the workers would only close again; and a worker that starts anew must not open what is closed.
    if (message.type === "drainListeners") {
      this.#sockets.drain(message.graceful ? "draining" : "closed", message.inboundOnly);
    }
  }

  #tellWorker(name: string, message: WorkerMessage): boolean {
    const worker = this.#fleet.find(name);
    if (worker?.participates !== true) return false;
    worker.ref.tell(message);
    return true;
  }

  /** Exact balance: to the worker with the fewest such connections, of those that have the listener; silent ones come last. */
  #handOut(key: string, socket: Socket, holders: ReadonlyMap<string, number>): void {
    const [worker] = this.#fleet
      .participants()
      .filter(({ name }) => holders.has(name))
      .sort((a, b) => Number(b.answering) - Number(a.answering) || a.handedOutCount - b.handedOutCount);
    if (worker === undefined) socket.destroy();
    else worker.handOut(key, socket);
  }

  /** A worker is gone for good: another one takes over what can't be moved. */
  #adoptOrphans(): void {
    if (this.#shuttingDown || this.#sockets.orphans().length === 0) return;
    this.#jobs.run(() => this.#snapshots.adoptOrphans()).catch((error: unknown) => this.#context.escalate(error));
  }

  #subscribe({ subscriber }: Subscribe): void {
    this.#subscribers.add(subscriber);
    subscriber.watch(() => this.#subscribers.delete(subscriber));
  }

  #emit(event: SupervisorEvent): void {
    noteEvent(
      event,
      (what, detail, more) => this.#context.note(what, detail, more),
      (name) => this.#fleet.find(name),
    );
    if (event.type === "snapshotAccepted") this.#context.setAttribute("snapshotVersion", event.record.version);
    if (event.type === "workerFailed" || event.type === "workerStopped") this.#adoptOrphans();
    for (const subscriber of this.#subscribers) subscriber.tell(event);
    this.#options.onEvent?.(event);
  }
}
