import type { Actor, ActorContext, ActorSpec } from "../../src/actor/actor.ts";
import { NEVER_RESTART } from "../../src/actor/supervision.ts";
import type { Address } from "../../src/net/address.ts";
import { CircuitBreakerCells } from "../../src/upstream/circuit-breaker/circuit-breaker-cells.ts";
import { workerNumber } from "../worker-number.ts";
import { ClusterSlot, type SlotHost } from "./cluster-slot.ts";
import { InitializationPhases } from "./initialization-phases.ts";
import type {
  ClusterMembers,
  DiscoveredCluster,
  MembershipMessage,
  PutClustersInForce,
  WarmClusters,
  WorkerJoined,
} from "./protocol.ts";
import { WorkerSync } from "./worker-sync.ts";

/** Clusters whose state `inspect` describes. */
const MAX_SHOWN_CLUSTERS = 50;

/** What the membership actor is made of. */
export interface MembershipOptions
  extends Pick<SlotHost, "createDiscovery" | "createStats" | "createChecks" | "createDetector"> {
  /** Told how many clusters are warming, whenever that changes. Differs from Envoy: `warming_clusters` counts those of the first configuration, too. */
  onWarming?(count: number): void;
}

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
  /** Clusters that are waited for, with the hash of the form that is. */
  readonly waiting: Map<string, string>;
  readonly cancelDeadline: () => void;
}

/** Looks names up and watches files once for the whole process; workers hear of the outcome as changes of host sets. */
class MembershipActor implements Actor<MembershipMessage> {
  readonly #context: ActorContext<MembershipMessage>;
  readonly #host: SlotHost;
  /** Counts of the connections of hosts that have limits. */
  readonly #hostCells = new CircuitBreakerCells();
  readonly #slots = new Map<string, ClusterSlot>();
  readonly #workers = new Map<string, WorkerSync>();
  readonly #phases = new InitializationPhases();
  #warming: Warming | null = null;
  #flushDue = false;
  readonly #warmingClusters = new Set<string>();
  readonly #onWarming: (count: number) => void;

  constructor(context: ActorContext<MembershipMessage>, options: MembershipOptions) {
    this.#context = context;
    this.#onWarming = options.onWarming ?? (() => {});
    this.#host = {
      ...options,
      hostCells: this.#hostCells,
      onChanged: (cluster) => this.#onChanged(cluster),
      onFirstAttempt: (cluster) => this.#onFirstAttempt(cluster),
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
        this.#hostCells.reclaimWorker(workerNumber(message.worker));
        break;
      case "syncWorker": {
        const worker = this.#workers.get(message.worker);
        void (worker?.synced() ?? Promise.resolve()).then(() => this.#context.reply(message, { type: "workerSynced" }));
        break;
      }
      case "judgeHost":
        this.#slots.get(message.cluster)?.judgeHost(message.address, message.failures);
        break;
      case "failHost":
        this.#slots.get(message.cluster)?.failHost(message.address);
        break;
      case "inspectMembership":
        this.#context.reply(
          message,
          [...this.#slots.values()].map((slot) => slot.status()),
        );
        break;
      case "getHosts":
        this.#context.reply(message, this.#addresses(message.cluster));
        break;
      case "listMembers":
        this.#context.reply(message, this.#listMembers());
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

  inspect(): unknown {
    const slots = [...this.#slots.values()];
    return {
      clusterCount: slots.length,
      workers: [...this.#workers.keys()],
      warming: [...this.#warmingClusters],
      waitingForChanges: this.#flushDue,
      // `/membership` has all of them.
      clusters: slots.slice(0, MAX_SHOWN_CLUSTERS).map((slot) => slot.status()),
    };
  }

  #listMembers(): readonly ClusterMembers[] {
    return [...this.#slots.values()].filter((slot) => slot.inForce).map((slot) => slot.listMembers());
  }

  #addresses(cluster: string): readonly Address[] {
    return [...(this.#slots.get(cluster)?.hosts.members.values() ?? [])].map(({ endpoint }) => endpoint.address);
  }

  #warm(question: WarmClusters): void {
    this.#settleWarming(true);
    for (const cluster of question.clusters) this.#phases.warm(this.#slotOf(cluster), cluster);
    this.#countWarming();
    const cancelDeadline = this.#context.sendLater(question.deadlineMs, { type: "warmingOver" });
    const waiting = new Map<string, string>();
    for (const { hash, data } of question.clusters) {
      if (this.#slots.get(data.cluster)?.isWaitedFor(hash) === true) waiting.set(data.cluster, hash);
    }
    this.#phases.await(question.clusters.filter(({ data }) => waiting.has(data.cluster)));
    this.#warming = { question, waiting, cancelDeadline };
    this.#settleWarming(false);
  }

  /** Answers who waits for clusters to be warm, if they are or if it is `over`. */
  #settleWarming(over: boolean): void {
    if (this.#warming === null) return;
    const { question, waiting, cancelDeadline } = this.#warming;
    if (waiting.size > 0 && !over) return;
    const late = [...waiting.keys()];
    this.#warming = null;
    cancelDeadline();
    this.#phases.end();
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
    this.#countWarming();
  }

  #countWarming(): void {
    this.#warmingClusters.clear();
    for (const [name, slot] of this.#slots) if (slot.isWarming) this.#warmingClusters.add(name);
    this.#onWarming(this.#warmingClusters.size);
  }

  /** Thousands of clusters may come here at once: none of them may cost as much as all. */
  #onFirstAttempt(cluster: string): void {
    const slot = this.#slots.get(cluster);
    if (slot?.isWarming !== true && this.#warmingClusters.delete(cluster)) this.#onWarming(this.#warmingClusters.size);
    const hash = this.#warming?.waiting.get(cluster);
    if (hash === undefined || slot?.isWaitedFor(hash) === true) return;
    this.#warming?.waiting.delete(cluster);
    this.#phases.onInitialized(cluster);
    this.#settleWarming(false);
  }

  #dropWarmed(): void {
    this.#phases.forget();
    for (const [name, slot] of this.#slots) {
      slot.dropWarmed();
      if (!slot.inForce) this.#drop(name, slot);
    }
    this.#countWarming();
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
    const number = workerNumber(worker);
    const knowledge = {
      find: (cluster: string) => this.#slots.get(cluster)?.hosts,
      hostChunks: () => this.#hostCells.chunksFor(number),
    };
    const sync = new WorkerSync(worker, ref, knowledge, this.#context.log);
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
