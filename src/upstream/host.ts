import type { HostHealth, LbHost, Locality } from "../lb/lb-host.ts";
import { type Address, formatAddress } from "../net/address.ts";
import { isDegraded, isExcluded, isUnhealthy } from "./membership/health-flag.ts";
import type { OutlierCells } from "./outlier/outlier-cells.ts";

/** What is counted of one host on one worker; `/clusters` shows the sums over all workers. Plain numbers. */
export interface HostStats {
  cxTotal: number;
  cxActive: number;
  cxConnectFail: number;
  rqTotal: number;
  rqActive: number;
  /** Counted by the router: a response below 500. */
  rqSuccess: number;
  /** Counted by the router: 5xx, reset, connect failure. */
  rqError: number;
  /** Counted by the router: no response in time. */
  rqTimeout: number;
}

/** `health_status` of an endpoint, as discovery says it. `timeout` counts as unhealthy. */
export type EndpointHealthStatus = "unknown" | "healthy" | "unhealthy" | "draining" | "timeout" | "degraded";

/** What of a host may change without touching its connections. */
export interface HostSettings {
  /** IPs that are tried after that of its address; absent = none. */
  readonly additionalIps?: readonly string[];
  readonly hostname: string;
  readonly weight: number;
  readonly priority: number;
  readonly locality: Locality;
  /** `load_balancing_weight` of the locality; 0 = none. */
  readonly localityWeight: number;
  readonly healthStatus: EndpointHealthStatus;
  /** Bits of `HealthFlag`: what checks have found. */
  readonly healthFlags: number;
  /** Plain JSON values by namespace. */
  readonly metadata: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
}

const NO_IPS: readonly string[] = [];

/** How healthy a host is by what discovery says of it and what checks have found (bits of `HealthFlag`). Envoy's `coarseHealth`. */
export function healthOf(healthStatus: EndpointHealthStatus, healthFlags: number): HostHealth {
  if (isUnhealthy(healthFlags)) return "unhealthy";
  switch (healthStatus) {
    case "unhealthy":
    case "draining":
    case "timeout":
      return "unhealthy";
    case "degraded":
      return "degraded";
    default:
      return isDegraded(healthFlags) ? "degraded" : "healthy";
  }
}

/**
 * One endpoint of a cluster on one worker. Its identity is its address: it survives updates of everything else.
 * Lives on one worker; not shared.
 */
export class Host implements LbHost {
  readonly address: Address;
  readonly addressText: string;
  /** What all workers count of it together; null without outlier detection. */
  outlierCells: OutlierCells | null = null;
  /** Where all workers count its connections together; -1 if nobody limits them. */
  connectionSlot = -1;
  readonly stats: HostStats = {
    cxTotal: 0,
    cxActive: 0,
    cxConnectFail: 0,
    rqTotal: 0,
    rqActive: 0,
    rqSuccess: 0,
    rqError: 0,
    rqTimeout: 0,
  };
  #settings: HostSettings;
  #canary: boolean;

  constructor(address: Address, settings: HostSettings) {
    this.address = address;
    this.addressText = formatAddress(address);
    this.#settings = settings;
    this.#canary = isCanary(settings);
  }

  /** Replaces what may change in place. */
  update(settings: HostSettings): void {
    this.#settings = settings;
    this.#canary = isCanary(settings);
  }

  /** For `auto_host_rewrite` and `%UPSTREAM_HOST_NAME%`; `""` if the endpoint has none. */
  get hostname(): string {
    return this.#settings.hostname;
  }

  /** See `HostSettings`. */
  get additionalIps(): readonly string[] {
    return this.#settings.additionalIps ?? NO_IPS;
  }

  get weight(): number {
    return this.#settings.weight;
  }

  get priority(): number {
    return this.#settings.priority;
  }

  get locality(): Locality {
    return this.#settings.locality;
  }

  get localityWeight(): number {
    return this.#settings.localityWeight;
  }

  get metadata(): ReadonlyMap<string, Readonly<Record<string, unknown>>> {
    return this.#settings.metadata;
  }

  get healthStatus(): EndpointHealthStatus {
    return this.#settings.healthStatus;
  }

  /** Bits of `HealthFlag`. */
  get healthFlags(): number {
    return this.#settings.healthFlags;
  }

  get health(): HostHealth {
    return healthOf(this.#settings.healthStatus, this.#settings.healthFlags);
  }

  get excluded(): boolean {
    return this.#settings.healthStatus === "draining" || isExcluded(this.#settings.healthFlags);
  }

  /** Whether the endpoint's metadata says `envoy.lb: {canary: true}`. */
  get canary(): boolean {
    return this.#canary;
  }

  get activeRequests(): number {
    return this.stats.rqActive;
  }
}

function isCanary(settings: HostSettings): boolean {
  return settings.metadata.get("envoy.lb")?.canary === true;
}
