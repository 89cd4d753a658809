/** Where a host stands, most general first; empty strings where nothing is said. Source: Envoy's `Locality`. */
export interface Locality {
  readonly region: string;
  readonly zone: string;
  readonly subZone: string;
}

/** Whether a host gets traffic: `degraded` ones only while the healthy ones do not suffice. */
export type HostHealth = "healthy" | "degraded" | "unhealthy";

/** A host as load balancers see it. All of it may change in place between two picks; identity is the object. */
export interface LbHost {
  /** `ip:port` or a path; unique within its cluster. */
  readonly addressText: string;
  /** `""` if the endpoint has none. */
  readonly hostname: string;
  /** At least 1. */
  readonly weight: number;
  readonly priority: number;
  readonly locality: Locality;
  /** Weight of the host's locality within its priority. 0 (also where nothing is said) = no traffic by locality weights. */
  readonly localityWeight: number;
  readonly health: HostHealth;
  /**
   * Whether it counts as if it were not there when shares are worked out, so that it makes no other host's share smaller: it is draining, has taken
   * itself out of use, or waits for its first check under `ignore_new_hosts_until_first_hc`. Such a host is never healthy.
   */
  readonly excluded: boolean;
  /** Plain JSON values by namespace; load balancers read `envoy.lb`. */
  readonly metadata: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** Requests of this worker that the host has not answered yet. */
  readonly activeRequests: number;
}
