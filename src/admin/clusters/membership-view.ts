import type { JsonObject } from "../json-value.ts";
import type { Later } from "../later.ts";
import type { OutlierView } from "./clusters-view.ts";

/** What is known of clusters with discovery. */
export interface MembershipView {
  clusters(): Later<readonly DiscoveredClusterStatus[]>;
}

/** One cluster with discovery. */
export interface DiscoveredClusterStatus {
  readonly cluster: string;
  /** `warming`: its hosts, or those that are to take their place, are being looked for the first time. */
  readonly state: "active" | "warming";
  /** Envoy's phase of initialisation: what is secondary begins when all primary clusters of the first configuration are initialised. */
  readonly phase: "primary" | "secondary";
  /** What it waits for while it is warming; null if it is active. */
  readonly awaits: string | null;
  /** Of its host set: grows with each change. */
  readonly version: number;
  readonly hosts: number;
  /** Hosts of which checks have found something, the first 100. */
  readonly flaggedHosts: readonly {
    readonly address: string;
    readonly flags: readonly string[];
    /** Why its last active check failed; undefined if that went well or there was none. */
    readonly why?: string;
    readonly failingForMs?: number;
  }[];
  /** Null without outlier detection. */
  readonly outlier: OutlierView | null;
  /** What the way of finding hosts says of itself: look-ups, the file's version, errors. */
  readonly discovery: JsonObject;
}
