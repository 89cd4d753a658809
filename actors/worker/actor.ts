import type { Actor, ActorContext } from "../../src/actor/actor.ts";
import type { ActorRef } from "../../src/actor/actor-ref.ts";
import { withTransfer } from "../../src/actor/thread/transfer.ts";
import type {
  SnapshotApplied as AppliedEvent,
  BuildHashTable,
  HostFailed,
  HostTripped,
  ListenersHandedOver,
  StatsFlushed,
} from "../supervisor/protocol.ts";
import type {
  AcceptedConnection,
  CommitSnapshot,
  Drain,
  HandOverListeners,
  Inspect,
  StatsShard,
  Stop,
  WorkerMessage,
  WorkerThreadData,
} from "./protocol.ts";
import type { WorkerRuntime } from "./runtime.ts";
import { SnapshotSteps, unpackResources } from "./snapshot-steps.ts";
import { StatsFlush } from "./stats-flush.ts";

/** What the worker sends of its own accord. */
export type WorkerNews = StatsFlushed | ListenersHandedOver | AppliedEvent | HostFailed | HostTripped | BuildHashTable;

/** Private: the flush interval has passed. */
interface FlushIntervalPassed {
  readonly type: "flushIntervalPassed";
}

/** Private: what the tree shows of the runtime is due. */
interface ReportIntervalPassed {
  readonly type: "reportIntervalPassed";
}

/** All that the worker's actor handles, its own timers included. */
export type WorkerInbox = WorkerMessage | FlushIntervalPassed | ReportIntervalPassed;

/** What a worker's actor is made of. */
export interface WorkerActorOptions {
  readonly data: WorkerThreadData;
  readonly runtime: WorkerRuntime;
  readonly supervisor: ActorRef<WorkerNews>;
  /** Ends the thread, after what was sent has left it. */
  readonly endThread: () => void;
}

/**
 * The control side of one worker. It turns messages into calls of the runtime; requests of clients never pass through it.
 * Long work (prepare, drain) doesn't hold up its mailbox, so that it can be inspected meanwhile.
 */
export class WorkerActor implements Actor<WorkerInbox> {
  readonly #context: ActorContext<WorkerInbox>;
  readonly #options: WorkerActorOptions;
  readonly #runtime: WorkerRuntime;
  readonly #snapshots: SnapshotSteps;
  readonly #stats: StatsFlush;
  readonly #handedOut: Int32Array;

  constructor(context: ActorContext<WorkerInbox>, options: WorkerActorOptions) {
    this.#context = context;
    this.#options = options;
    this.#runtime = options.runtime;
    this.#snapshots = new SnapshotSteps(options.runtime);
    this.#handedOut = new Int32Array(options.data.handedOut);
    this.#stats = new StatsFlush(options.runtime, context.clock, options.data.flushIntervalMs, (shard, ids) => {
      this.#sendShard(shard, ids);
    });
    context.setAttribute("snapshotVersion", 0);
    this.#nextFlush();
    this.#nextReport();
  }

  receive(message: WorkerInbox): void {
    switch (message.type) {
      case "greet":
        this.#context.reply(message, { type: "greeted" });
        break;
      case "prepareSnapshot":
        this.#later(this.#snapshots.prepare(message), (reply) => this.#context.reply(message, reply));
        break;
      case "commitSnapshot":
        this.#commit(message);
        break;
      case "abortSnapshot":
        this.#later(this.#snapshots.abort(message.version), () => {
          this.#context.reply(message, { type: "snapshotAborted" });
        });
        break;
      case "updateMembership":
        this.#context.reply(message, {
          type: "membershipUpdated",
          missed: this.#runtime.updateMembership(message.deltas, message.hostChunks),
        });
        break;
      case "drain":
        this.#drain(message);
        break;
      case "handOverListeners":
        this.#handOver(message);
        break;
      case "adoptListeners":
        this.#runtime.adoptListeningServers(message.servers);
        this.#context.reply(message, { type: "listenersAdopted" });
        break;
      case "acceptedConnection":
        this.#accept(message);
        break;
      case "inspect":
        this.#inspect(message);
        break;
      case "closeConnection":
        this.#context.reply(message, this.#runtime.closeConnection(message.id));
        break;
      case "estimateDrain":
        this.#context.reply(message, this.#runtime.estimateDrain(unpackResources(message.upserts), message.removed));
        break;
      case "stop":
        this.#stop(message);
        break;
      default:
        this.#receiveSignal(message);
        break;
    }
  }

  inspect(): unknown {
    const { worker, incarnation, flushIntervalMs, reportIntervalMs } = this.#options.data;
    return {
      worker,
      incarnation,
      snapshotVersion: this.#snapshots.appliedVersion,
      flushIntervalMs,
      reportIntervalMs,
      connectionsHandedOut: Atomics.load(this.#handedOut, 0),
      dataPlane: this.#runtime.describe(),
    };
  }

  /** Runs after a crash too: the runtime's sockets must not outlive the actor. */
  stop(): Promise<void> {
    return this.#runtime.stop();
  }

  #receiveSignal(message: WorkerInbox): void {
    switch (message.type) {
      case "flushIntervalPassed":
        this.#stats.onInterval();
        this.#nextFlush();
        break;
      case "reportIntervalPassed":
        this.#nextReport();
        break;
      case "flushStats":
        this.#stats.onRequest(message.requestId);
        break;
      case "statsAccepted":
        this.#stats.onAccepted();
        break;
      case "setLogLevel":
        this.#runtime.setLogLevel(message.component, message.level);
        break;
      case "reopenLogs":
        this.#runtime.reopenLogs();
        break;
      case "setRuntimeOverrides":
        this.#runtime.setRuntimeOverrides(message.overrides);
        break;
      case "setHealthCheckFailed":
        this.#runtime.setHealthCheckFailed(message.failed);
        break;
      case "resetCounters":
        this.#runtime.resetCounters();
        break;
      case "drainListeners":
        this.#runtime.drainListeners(message);
        break;
      case "crash":
        queueMicrotask(() => {
          throw new Error("told to crash");
        });
        break;
      case "block":
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, message.ms);
        break;
      default:
        this.#context.unhandled(message);
    }
  }

  #commit(message: CommitSnapshot): void {
    this.#later(this.#snapshots.commit(message.version), (reply) => {
      this.#context.reply(message, reply);
      if (reply.type !== "snapshotApplied") return;
      this.#context.setAttribute("snapshotVersion", reply.version);
      this.#stats.onNewStats();
      const { worker, incarnation } = this.#options.data;
      // Told as well: the reply is lost on a supervisor whose deadline has passed.
      this.#options.supervisor.tell({ type: "snapshotApplied", worker, incarnation, version: reply.version });
    });
  }

  #drain(message: Drain): void {
    this.#context.setAttribute("draining", true);
    this.#later(this.#runtime.drain(message), (drained) => {
      this.#context.reply(message, drained);
    });
  }

  #handOver(message: HandOverListeners): void {
    const servers = this.#runtime.takeListeningServers(message.servers);
    const moved = servers.map((taken) => taken.server);
    const { worker, incarnation } = this.#options.data;
    const news: ListenersHandedOver = {
      type: "listenersHandedOver",
      worker,
      incarnation,
      requestId: message.requestId,
      servers,
    };
    this.#options.supervisor.tell(withTransfer(news, moved));
  }

  #accept(message: AcceptedConnection): void {
    this.#runtime.acceptConnection(message.key, message.socket, () => Atomics.sub(this.#handedOut, 0, 1));
  }

  #inspect(message: Inspect): void {
    try {
      this.#context.reply(message, this.#runtime.inspect(message.query));
    } catch (error) {
      this.#context.refuse(message, error);
    }
  }

  #stop(message: Stop): void {
    this.#later(this.#runtime.stop(), () => {
      this.#context.reply(message, { type: "workerStopping" });
      this.#options.endThread();
    });
  }

  #later<T>(work: Promise<T>, onDone: (result: T) => void): void {
    work.then(onDone).catch((error: unknown) => this.#context.escalate(error));
  }

  #nextFlush(): void {
    this.#context.sendLater(this.#options.data.flushIntervalMs, { type: "flushIntervalPassed" });
  }

  #nextReport(): void {
    for (const [name, value] of this.#runtime.attributes()) this.#context.setAttribute(name, value);
    this.#context.sendLater(this.#options.data.reportIntervalMs, { type: "reportIntervalPassed" });
  }

  #sendShard(shard: StatsShard | undefined, requestIds: readonly number[]): void {
    const { worker, incarnation } = this.#options.data;
    this.#options.supervisor.tell({ type: "statsFlushed", worker, incarnation, shard, requestIds });
  }
}
