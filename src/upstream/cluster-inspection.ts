import type { Locality } from "../lb/lb-host.ts";
import type { EndpointHealthStatus, Host, HostStats } from "./host.ts";

/** One host as `/clusters` shows it. Plain data; `stats` are one worker's, or the sums over several. */
export interface HostInspection {
  readonly address: string;
  readonly hostname: string;
  readonly healthStatus: EndpointHealthStatus;
  /** Bits of `HealthFlag`. */
  readonly healthFlags: number;
  readonly weight: number;
  readonly priority: number;
  readonly locality: Locality;
  readonly canary: boolean;
  readonly stats: Readonly<HostStats>;
}

/** What one worker knows of one cluster. */
export interface ClusterInspection {
  readonly name: string;
  readonly observabilityName: string;
  readonly hosts: readonly HostInspection[];
  /** Open upstream connections; those of removed hosts that still drain are counted too. */
  readonly connectionCount: number;
}

/** What `/clusters` shows of a host. */
export function inspectHost(host: Host): HostInspection {
  return {
    address: host.addressText,
    hostname: host.hostname,
    healthStatus: host.healthStatus,
    healthFlags: host.healthFlags,
    weight: host.weight,
    priority: host.priority,
    locality: host.locality,
    canary: host.canary,
    stats: { ...host.stats },
  };
}

/**
 * Joins what the workers know: counts are added up, host by host; settings are taken from the first that knows the host. Clusters that
 * no worker has used are missing. Sorted as the first worker has them.
 */
export function mergeClusterInspections(perWorker: readonly (readonly ClusterInspection[])[]): ClusterInspection[] {
  const clusters = new Map<string, ClusterInspection>();
  for (const inspections of perWorker) {
    for (const one of inspections) {
      const known = clusters.get(one.name);
      clusters.set(one.name, known === undefined ? one : mergeCluster(known, one));
    }
  }
  return [...clusters.values()];
}

function mergeCluster(a: ClusterInspection, b: ClusterInspection): ClusterInspection {
  const hosts = new Map(a.hosts.map((host) => [host.address, host]));
  for (const host of b.hosts) {
    const known = hosts.get(host.address);
    hosts.set(host.address, known === undefined ? host : { ...known, stats: addStats(known.stats, host.stats) });
  }
  return { ...a, hosts: [...hosts.values()], connectionCount: a.connectionCount + b.connectionCount };
}

function addStats(a: HostStats, b: HostStats): HostStats {
  return {
    cxTotal: a.cxTotal + b.cxTotal,
    cxActive: a.cxActive + b.cxActive,
    cxConnectFail: a.cxConnectFail + b.cxConnectFail,
    rqTotal: a.rqTotal + b.rqTotal,
    rqActive: a.rqActive + b.rqActive,
    rqSuccess: a.rqSuccess + b.rqSuccess,
    rqError: a.rqError + b.rqError,
    rqTimeout: a.rqTimeout + b.rqTimeout,
  };
}
