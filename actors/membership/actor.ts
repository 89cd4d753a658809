import type { Actor, ActorContext, ActorSpec } from "../../src/actor/actor.ts";
import { NEVER_RESTART } from "../../src/actor/supervision.ts";
import { ClusterSlot, type SlotHost } from "./cluster-slot.ts";
import type {
  DiscoveredCluster,
  MembershipMessage,
  PutClustersInForce,
  WarmClusters,
  WorkerJoined,
} from "./protocol.ts";
import { WorkerSync } from "./worker-sync.ts";

/** What the membership actor is made of. */
export type MembershipOptions = Pick<SlotHost, "createDiscovery" | "createStats">;

/**
 * Spec of the actor that knows the hosts of all clusters with discovery and brings them to the workers. Spawn it as a root, once. It
 * isn't restarted: what it knows can't be asked of anybody else.
 */
export function membershipSpec(options: MembershipOptions): ActorSpec<MembershipMessage> {
  return {
    name: "membership",
    kind: "membership",
    restart: NEVER_RESTART,
    create: (context) => new MembershipActor(context, options),
  };
}

interface Warming {
  readonly question: WarmClusters;
  readonly cancelDeadline: () => void;
}

/** Looks names up and watches files once for the whole process; workers hear of the outcome as changes of host sets. */
class MembershipActor implements Actor<MembershipMessage> {
  readonly #context: ActorContext<MembershipMessage>;
  readonly #host: SlotHost;
  readonly #slots = new Map<string, ClusterSlot>();
  readonly #workers = new Map<string, WorkerSync>();
  #warming: Warming | null = null;
  #flushDue = false;

  constructor(context: ActorContext<MembershipMessage>, options: MembershipOptions) {
    this.#context = context;
    this.#host = {
      ...options,
      onChanged: (cluster) => this.#onChanged(cluster),
      onFirstAttempt: () => this.#settleWarming(false),
    };
  }

  receive(message: MembershipMessage): void {
    switch (message.type) {
      case "warmClusters":
        this.#warm(message);
        break;
      case "putClustersInForce":
        this.#putInForce(message);
        break;
      case "dropWarmedClusters":
        this.#dropWarmed();
        break;
      case "workerJoined":
        this.#join(message);
        break;
      case "workerLeft":
        this.#workers.get(message.worker)?.end();
        this.#workers.delete(message.worker);
        break;
      case "syncWorker": {
        const worker = this.#workers.get(message.worker);
        void (worker?.synced() ?? Promise.resolve()).then(() => this.#context.reply(message, { type: "workerSynced" }));
        break;
      }
      case "setHostHealth":
        this.#slots.get(message.cluster)?.setHealthFlags(message.address, message.flags, message.on);
        break;
      case "inspectMembership":
        this.#context.reply(
          message,
          [...this.#slots.values()].map((slot) => slot.status()),
        );
        break;
      case "membershipChanged":
        this.#flushDue = false;
        for (const worker of this.#workers.values()) worker.flush();
        break;
      case "warmingOver":
        this.#settleWarming(true);
        break;
      default:
        this.#context.unhandled(message);
    }
  }

  stop(): void {
    for (const worker of this.#workers.values()) worker.end();
    for (const slot of this.#slots.values()) slot.close();
  }

  #warm(question: WarmClusters): void {
    this.#settleWarming(true);
    for (const cluster of question.clusters) this.#slotOf(cluster).warm(cluster);
    const cancelDeadline = this.#context.sendLater(question.deadlineMs, { type: "warmingOver" });
    this.#warming = { question, cancelDeadline };
    this.#settleWarming(false);
  }

  /** Answers who waits for clusters to be warm, if they are or if it is `over`. */
  #settleWarming(over: boolean): void {
    if (this.#warming === null) return;
    const { question, cancelDeadline } = this.#warming;
    const late = question.clusters.flatMap(({ hash, data }) =>
      this.#slots.get(data.cluster)?.isWaitedFor(hash) === true ? data.cluster : [],
    );
    if (late.length > 0 && !over) return;
    this.#warming = null;
    cancelDeadline();
    this.#context.reply(question, { type: "clustersWarmed", late });
  }

  #putInForce({ clusters }: PutClustersInForce): void {
    const staying = new Set(clusters.map(({ data }) => data.cluster));
    for (const [name, slot] of this.#slots) if (!staying.has(name)) this.#drop(name, slot);
    for (const { hash, data } of clusters) {
      this.#slots.get(data.cluster)?.putInForce(hash);
      // Also one that has no hosts yet: workers then know that it has none.
      this.#onChanged(data.cluster);
    }
    this.#context.setAttribute("clusters", this.#slots.size);
  }

  #dropWarmed(): void {
    for (const [name, slot] of this.#slots) {
      slot.dropWarmed();
      if (!slot.inForce) this.#drop(name, slot);
    }
  }

  #drop(name: string, slot: ClusterSlot): void {
    slot.close();
    this.#slots.delete(name);
    for (const worker of this.#workers.values()) worker.forget(name);
  }

  #slotOf({ data }: DiscoveredCluster): ClusterSlot {
    let slot = this.#slots.get(data.cluster);
    if (slot === undefined) {
      slot = new ClusterSlot(data, this.#host);
      this.#slots.set(data.cluster, slot);
    }
    return slot;
  }

  #join({ worker, ref }: WorkerJoined): void {
    this.#workers.get(worker)?.end();
    const sync = new WorkerSync(worker, ref, (cluster) => this.#slots.get(cluster)?.hosts, this.#context.log);
    this.#workers.set(worker, sync);
    for (const [name, slot] of this.#slots) if (slot.inForce) sync.note(name);
    sync.flush();
  }

  /** Several changes in one turn become one message to each worker. */
  #onChanged(cluster: string): void {
    for (const worker of this.#workers.values()) worker.note(cluster);
    if (this.#flushDue) return;
    this.#flushDue = true;
    this.#context.self.tell({ type: "membershipChanged" });
  }
}
