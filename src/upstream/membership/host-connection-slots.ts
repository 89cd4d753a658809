import type { CircuitBreakerCells } from "../circuit-breaker/circuit-breaker-cells.ts";

/**
 * Gives each host of a cluster with `per_host_thresholds` a place in shared memory, where all workers count its connections. A host that
 * comes back begins anew, while the connections it had before wind up. Main thread.
 */
export class HostConnectionSlots {
  readonly #cluster: string;
  readonly #cells: CircuitBreakerCells;
  readonly #slots = new Map<string, number>();

  /** `cells` are those of the hosts of all clusters. */
  constructor(cluster: string, cells: CircuitBreakerCells) {
    this.#cluster = cluster;
    this.#cells = cells;
  }

  /** These are the cluster's hosts. */
  update(addresses: Iterable<string>): void {
    const gone = new Set(this.#slots.keys());
    for (const address of addresses) {
      gone.delete(address);
      if (!this.#slots.has(address)) this.#slots.set(address, this.#cells.allocate(this.#nameOf(address)));
    }
    for (const address of gone) this.#release(address);
  }

  slotOf(address: string): number | undefined {
    return this.#slots.get(address);
  }

  /** The cluster is gone, or its hosts have no limits any more. */
  close(): void {
    for (const address of [...this.#slots.keys()]) this.#release(address);
  }

  #release(address: string): void {
    this.#slots.delete(address);
    this.#cells.release(this.#nameOf(address));
  }

  #nameOf(address: string): string {
    return `${this.#cluster}\n${address}`;
  }
}
