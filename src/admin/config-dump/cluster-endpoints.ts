import { nextTurn } from "../../base/turn.ts";
import { packResource } from "../../config/compiler/resource-packing.ts";
import type { ClusterData, DropOverloadData } from "../../upstream/cluster-data.ts";
import { type ClusterHost, type CountedClusters, clusterHosts, type KnownMembers } from "../clusters/cluster-hosts.ts";

/** Clusters packed in one turn of the main loop. */
const CLUSTERS_PER_TURN = 200;

/** The endpoints of one cluster as they are in force. Plain data, on its way to the dump's thread. */
export interface ClusterEndpoints {
  /** The service's name for EDS, else the cluster's. */
  readonly name: string;
  readonly overprovisioningFactorPercent: number;
  readonly dropOverload: DropOverloadData | null;
  /** Whether the weights of localities count. */
  readonly localityWeighted: boolean;
  readonly hosts: readonly ClusterHost[];
}

/** Several `ClusterEndpoints`, packed. */
export type PackedEndpoints = readonly Uint8Array[];

/** The endpoints in force of all clusters, packed in pieces between which the main loop goes on. */
export async function packEndpoints(
  clusters: readonly ClusterData[],
  members: ReadonlyMap<string, KnownMembers>,
  counted: CountedClusters,
): Promise<PackedEndpoints> {
  const packed: Uint8Array[] = [];
  for (let from = 0; from < clusters.length; from += CLUSTERS_PER_TURN) {
    if (from > 0) await new Promise<void>((resolve) => nextTurn(resolve));
    const piece = clusters.slice(from, from + CLUSTERS_PER_TURN);
    packed.push(packResource(piece.map((cluster) => clusterEndpoints(cluster, members.get(cluster.name), counted))));
  }
  return packed;
}

function clusterEndpoints(
  cluster: ClusterData,
  known: KnownMembers | undefined,
  counted: CountedClusters,
): ClusterEndpoints {
  const { overprovisioningFactorPercent, dropOverload } = known?.policy ?? {
    overprovisioningFactorPercent: cluster.priorityLoad.overprovisioningFactorPercent,
    dropOverload: cluster.dropOverload,
  };
  return {
    name: known?.edsServiceName || cluster.name,
    overprovisioningFactorPercent,
    dropOverload,
    localityWeighted: cluster.locality.type === "weighted",
    // Without what workers count in: that is memory which threads share.
    hosts: clusterHosts(cluster, known, counted).map(({ endpoint, healthFlags }) => ({ endpoint, healthFlags })),
  };
}
