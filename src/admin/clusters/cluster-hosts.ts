import { type Address, ipOfAddress } from "../../net/address.ts";
import type { AssignmentPolicyData, ClusterData, EndpointData } from "../../upstream/cluster-data.ts";
import {
  type ClusterInspection,
  type HostInspection,
  mergeClusterInspections,
} from "../../upstream/cluster-inspection.ts";
import type { MemberData } from "../../upstream/membership/membership-delta.ts";

/** A host as pages know it. */
export interface ClusterHost {
  readonly endpoint: Omit<EndpointData, "localityWeight" | "healthCheck"> &
    Partial<Pick<EndpointData, "localityWeight" | "healthCheck">>;
  /** Bits of `HealthFlag`. */
  readonly healthFlags: number;
}

/** The hosts in force of a cluster with discovery, or whose hosts are watched. */
export interface KnownMembers {
  readonly edsServiceName: string;
  /** What came with the endpoints; null = the defaults. Absent: as the cluster says. */
  readonly policy?: AssignmentPolicyData | null;
  readonly members: readonly Pick<MemberData, "endpoint" | "healthFlags">[];
}

/** What the workers know of clusters, with sums over all of them, by name. */
export type CountedClusters = ReadonlyMap<string, ClusterInspection>;

/** Joins what each worker says. */
export function countedClusters(perWorker: readonly (readonly ClusterInspection[])[]): CountedClusters {
  return new Map(mergeClusterInspections(perWorker).map((cluster) => [cluster.name, cluster]));
}

/**
 * The hosts of a cluster: those that discovery has found, else those of the configuration; of an ORIGINAL_DST cluster those that
 * requests have named.
 */
export function clusterHosts(
  cluster: ClusterData,
  known: KnownMembers | undefined,
  counted: CountedClusters,
): readonly ClusterHost[] {
  if (cluster.originalDst !== null) {
    return (counted.get(cluster.name)?.hosts ?? []).map((host) => ({ endpoint: chosenEndpoint(host), healthFlags: 0 }));
  }
  return known?.members ?? cluster.endpoints.map((endpoint) => ({ endpoint, healthFlags: 0 }));
}

/** A host that requests have named. */
function chosenEndpoint({ address, weight, priority, locality, hostname }: HostInspection): ClusterHost["endpoint"] {
  const port = Number(address.slice(address.lastIndexOf(":") + 1));
  const at: Address = { type: "ip", ip: ipOfAddress(address), port };
  return { address: at, hostname, weight, priority, locality, healthStatus: "unknown", metadata: [] };
}
