import type { ResourceName } from "./worker/protocol.ts";

/** What of a resource tells whether it is the one that was there before. */
type StampedResource = ResourceName & { readonly hash: string };

/** When each cluster, or how it finds its hosts, was last changed by a configuration. Times in milliseconds since the epoch. Main thread. */
export class ClusterUpdateTimes {
  #known = new Map<string, { readonly hash: string; readonly atMs: number }>();

  /** A configuration with these resources came in force. */
  onInForce(resources: readonly StampedResource[], nowMs: number): void {
    const before = this.#known;
    const hashes = new Map<string, string>();
    for (const { kind, name, hash } of resources) {
      if (kind === "cluster" || kind === "discovery") hashes.set(name, `${hashes.get(name) ?? ""} ${kind} ${hash}`);
    }
    this.#known = new Map();
    for (const [name, hash] of hashes) {
      const known = before.get(name);
      this.#known.set(name, known?.hash === hash ? known : { hash, atMs: nowMs });
    }
  }

  /** By name; made for the caller. */
  all(): Map<string, number> {
    return new Map([...this.#known].map(([name, { atMs }]) => [name, atMs]));
  }
}
