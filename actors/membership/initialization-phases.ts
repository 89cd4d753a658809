import type { ClusterSlot } from "./cluster-slot.ts";
import type { DiscoveredCluster } from "./protocol.ts";

/**
 * The order in which clusters of the first configuration begin to find their hosts: primary ones at once, secondary ones when all primary ones
 * that are waited for are initialised. Clusters of later configurations begin at once, as in Envoy.
 */
export class InitializationPhases {
  /** The first configuration has been waited for, successfully or not. */
  #over = false;
  /** Secondary clusters that have not begun. */
  readonly #held = new Set<ClusterSlot>();
  /** Names of primary clusters that are waited for. */
  readonly #primary = new Set<string>();

  /** Warms the cluster of a slot, or holds it back. */
  warm(slot: ClusterSlot, cluster: DiscoveredCluster): void {
    const isHeld = !this.#over && cluster.data.initializePhase === "secondary";
    slot.warm(cluster, isHeld);
    if (isHeld) this.#held.add(slot);
  }

  /** All clusters of the configuration have been warmed or held back; these are waited for. */
  await(clusters: readonly DiscoveredCluster[]): void {
    if (this.#over) return;
    for (const { data } of clusters) if (data.initializePhase === "primary") this.#primary.add(data.cluster);
    this.#startIfDue();
  }

  /** A cluster that was waited for is not any more. */
  onInitialized(cluster: string): void {
    if (this.#primary.delete(cluster)) this.#startIfDue();
  }

  /** Nobody waits any longer: what is held back begins now, and later configurations know no phases. */
  end(): void {
    this.#over = true;
    this.#primary.clear();
    this.#startIfDue();
  }

  /** What is held back will not be needed. */
  forget(): void {
    this.#primary.clear();
    this.#held.clear();
  }

  #startIfDue(): void {
    if (this.#primary.size > 0) return;
    for (const slot of this.#held) slot.startHeld();
    this.#held.clear();
  }
}
