import type { ActorRef } from "../../src/actor/actor-ref.ts";
import { describeError } from "../../src/actor/ask-error.ts";
import type { Logger } from "../../src/base/log.ts";
import { unpackResource } from "../../src/config/compiler/resource-packing.ts";
import type { DiscoveryData } from "../../src/upstream/cluster-data.ts";
import type { DiscoveredCluster, MembershipMessage } from "../membership/protocol.ts";
import type { Resource } from "./config-compiler.ts";
import type { HostFailed, HostTripped } from "./protocol.ts";
import type { WorkerHandle } from "./worker-handle.ts";

/** Kind of the resources that say where a cluster's hosts come from. They are the main side's and go to no worker. */
export const DISCOVERY_KIND = "discovery";

/** A configuration waits for the hosts of its clusters for so long; Envoy's default for a first fetch. */
const WARM_DEADLINE_MS = 15_000;
const ASK_GRACE_MS = 1000;

/** What connections of health checks are made of, on the main thread. */
export interface CheckConnections {
  /** A version is being prepared: its checks begin when this has resolved. */
  warm(resources: readonly Resource[], discoveries: readonly DiscoveryData[]): Promise<void>;
  /** The version is in force. */
  putInForce(resources: readonly Resource[]): void;
}

/**
 * Joins the rollout of versions with the membership of clusters: a version comes in force when the hosts of its new clusters are known,
 * and no worker serves it before it has them. Without an actor behind it, no cluster has discovery.
 * Differs from Envoy: a reloaded configuration warms as a whole, and the one before serves until then.
 */
export class MembershipLink {
  readonly #membership: ActorRef<MembershipMessage> | undefined;
  readonly #connections: CheckConnections | undefined;
  readonly #log: Logger;
  /** Unpacked once for each hash. */
  #known = new Map<string, DiscoveredCluster>();

  constructor(
    membership: ActorRef<MembershipMessage> | undefined,
    connections: CheckConnections | undefined,
    log: Logger,
  ) {
    this.#membership = membership;
    this.#connections = connections;
    this.#log = log;
  }

  workerStarted({ name, ref }: WorkerHandle): void {
    this.#membership?.tell({ type: "workerJoined", worker: name, ref });
  }

  workerEnded(worker: string): void {
    this.#membership?.tell({ type: "workerLeft", worker });
  }

  /** Resolves when the hosts of the clusters in `resources` have been looked for once. What can't be found holds nothing up. */
  async warm(resources: readonly Resource[]): Promise<void> {
    const clusters = this.#clustersOf(resources);
    if (this.#membership === undefined || clusters.length === 0) return;
    try {
      await this.#connections?.warm(
        resources,
        clusters.map(({ data }) => data),
      );
      const question = { type: "warmClusters", clusters, deadlineMs: WARM_DEADLINE_MS } as const;
      const { late } = await this.#membership.ask(question, WARM_DEADLINE_MS + ASK_GRACE_MS);
      if (late.length > 0)
        this.#log.warn({ clusters: late.join(", ") }, "clusters start without hosts: none found in time");
    } catch (error) {
      this.#log.error({ error: describeError(error) }, "hosts of clusters could not be looked for");
    }
  }

  /** A worker heard of a host that it fails. */
  hostFailed({ cluster, address }: HostFailed): void {
    this.#membership?.tell({ type: "failHost", cluster, address });
  }

  /** Outlier detection is to judge a host. */
  hostTripped({ cluster, address, failures }: HostTripped): void {
    this.#membership?.tell({ type: "judgeHost", cluster, address, failures });
  }

  /** The version was refused. */
  dropWarmed(): void {
    this.#membership?.tell({ type: "dropWarmedClusters" });
  }

  /** These resources are in force now. */
  putInForce(resources: readonly Resource[]): void {
    this.#connections?.putInForce(resources);
    this.#membership?.tell({ type: "putClustersInForce", clusters: this.#clustersOf(resources) });
  }

  /** Resolves when the workers have the hosts in force, or after `deadlineMs`: they get them later then. */
  async sync(workers: readonly WorkerHandle[], deadlineMs: number): Promise<void> {
    if (this.#membership === undefined || this.#known.size === 0) return;
    const asked = workers.map(({ name }) => this.#membership!.ask({ type: "syncWorker", worker: name }, deadlineMs));
    for (const outcome of await Promise.allSettled(asked)) {
      if (outcome.status === "rejected")
        this.#log.warn({ error: describeError(outcome.reason) }, "a worker lacks hosts yet");
    }
  }

  #clustersOf(resources: readonly Resource[]): DiscoveredCluster[] {
    const known = new Map<string, DiscoveredCluster>();
    for (const { kind, name, hash, data } of resources) {
      if (kind !== DISCOVERY_KIND) continue;
      const key = `${name}\n${hash}`;
      known.set(key, this.#known.get(key) ?? { hash, data: unpackResource(data) as DiscoveryData });
    }
    this.#known = known;
    return [...known.values()];
  }
}
