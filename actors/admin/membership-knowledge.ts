import type { ActorRef } from "../../src/actor/actor-ref.ts";
import type { OutlierView } from "../../src/admin/clusters/clusters-view.ts";
import type { DiscoveredClusterStatus } from "../../src/admin/clusters/membership-view.ts";
import type { JsonObject } from "../../src/admin/json-value.ts";
import type { UnreadyTargets } from "../../src/admin/server-view.ts";
import type { ClusterMembers, MembershipMessage, MembershipStatus } from "../membership/protocol.ts";

/** The actor answers from memory. */
const DEADLINE_MS = 500;

/** What the admin pages learn from the membership actor. */
export class MembershipKnowledge {
  readonly #membership: ActorRef<MembershipMessage>;

  constructor(membership: ActorRef<MembershipMessage>) {
    this.#membership = membership;
  }

  /** By name. */
  async clusters(): Promise<DiscoveredClusterStatus[]> {
    const statuses = await this.#statuses();
    return statuses
      .map(({ discovery, ...status }) => ({ ...status, discovery: discovery as JsonObject }))
      .sort((a, b) => (a.cluster < b.cluster ? -1 : 1));
  }

  /** What outlier detection knows, by cluster. Empty if the actor does not answer. */
  async outliers(): Promise<ReadonlyMap<string, OutlierView>> {
    const statuses = await this.#statuses().catch(() => []);
    return new Map(statuses.flatMap(({ cluster, outlier }) => (outlier === null ? [] : [[cluster, outlier] as const])));
  }

  /** The hosts of clusters with discovery, by cluster. Empty if the actor does not answer. */
  async members(): Promise<ReadonlyMap<string, ClusterMembers>> {
    const listed = await this.#membership.ask({ type: "listMembers" }, DEADLINE_MS).catch(() => []);
    return new Map(listed.map((one) => [one.cluster, one]));
  }

  /** The clusters that are not initialised, what each waits for, and its phase. Empty if the actor does not answer. */
  async unreadyTargets(): Promise<UnreadyTargets[]> {
    const statuses = await this.#statuses().catch(() => []);
    return statuses
      .filter(({ state }) => state === "warming")
      .map(({ cluster, phase, awaits }) => ({
        name: `Cluster ${cluster}`,
        targetNames: [`${awaits} (${phase})`],
      }));
  }

  #statuses(): Promise<readonly MembershipStatus[]> {
    return this.#membership.ask({ type: "inspectMembership" }, DEADLINE_MS);
  }
}
