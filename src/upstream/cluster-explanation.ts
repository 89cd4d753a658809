import type { HostHealth } from "../lb/lb-host.ts";
import type { ClusterData } from "./cluster-data.ts";
import type { Host } from "./host.ts";
import { healthFlagNames } from "./membership/health-flag.ts";

/** Hosts that are described; a cluster may have thousands. */
const MAX_HOSTS = 100;

/** A host that a request could go to. */
export interface CandidateHost {
  readonly address: string;
  readonly hostname: string;
  readonly health: HostHealth;
  /** `health_status` of the endpoint, as discovery says it. */
  readonly status: string;
  /** What checks have found, by Envoy's names. */
  readonly flags: readonly string[];
  readonly weight: number;
  readonly priority: number;
  readonly zone: string;
  readonly activeRequests: number;
}

/** A cluster and its candidates, as a worker sees them. */
export interface ClusterExplanation {
  readonly name: string;
  readonly discovery: ClusterData["discovery"];
  readonly loadBalancer: string;
  /** Whether it chooses among hosts that carry what the request asks for: `lb_subset_config`. */
  readonly choosesBySubset: boolean;
  readonly hostCount: number;
  /** By health. */
  readonly healthy: number;
  readonly degraded: number;
  readonly unhealthy: number;
  /** The first 100, unhealthy ones first: they are what one looks for. */
  readonly hosts: readonly CandidateHost[];
}

/** Describes a cluster that has these hosts at present. */
export function clusterExplanation(data: ClusterData, hosts: readonly Host[]): ClusterExplanation {
  const counts: Record<HostHealth, number> = { healthy: 0, degraded: 0, unhealthy: 0 };
  for (const { health } of hosts) counts[health]++;
  const sorted = [...hosts].sort((a, b) => RANK[a.health] - RANK[b.health]);
  return {
    name: data.name,
    discovery: data.discovery,
    loadBalancer: data.loadBalancer.type,
    choosesBySubset: data.subsets !== null,
    hostCount: hosts.length,
    ...counts,
    hosts: sorted.slice(0, MAX_HOSTS).map(candidate),
  };
}

const RANK: Readonly<Record<HostHealth, number>> = { unhealthy: 0, degraded: 1, healthy: 2 };

function candidate(host: Host): CandidateHost {
  return {
    address: host.addressText,
    hostname: host.hostname,
    health: host.health,
    status: host.healthStatus,
    flags: healthFlagNames(host.healthFlags),
    weight: host.weight,
    priority: host.priority,
    zone: host.locality.zone,
    activeRequests: host.activeRequests,
  };
}
