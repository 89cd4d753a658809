import { criteriaInWords } from "../lb/criteria-in-words.ts";
import { hostLevels } from "../lb/host-level.ts";
import type { HostHealth } from "../lb/lb-host.ts";
import type { ClusterData } from "./cluster-data.ts";
import type { Host } from "./host.ts";
import { healthFlagNames } from "./membership/health-flag.ts";
import { subsetCandidates } from "./subset-candidates.ts";

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
  /** With aggregate clusters, that among the priorities of all their clusters. */
  readonly priority: number;
  readonly zone: string;
  readonly activeRequests: number;
  /** The cluster that it is of, where that is another one: with aggregate clusters. `""` = the explained one. */
  readonly cluster: string;
  /** Whether it is among those that the request may go to; see `ExplainedSubset`. */
  readonly inSubset: boolean;
}

/** The hosts that a request may go to, of a cluster with `lb_subset_config`. */
export interface ExplainedSubset {
  /** The metadata that the request asks for, in words; `""` for none. */
  readonly asked: string;
  /** After fallbacks. */
  readonly hostCount: number;
  /** Those of them that are healthy. */
  readonly healthy: number;
}

/** A cluster and its candidates, as a worker sees them. */
export interface ClusterExplanation {
  readonly name: string;
  readonly discovery: ClusterData["discovery"];
  /** By the names of Envoy's `lb_policy`; an aggregate cluster has words of its own. */
  readonly loadBalancer: string;
  /** Whether it chooses among hosts that carry what the request asks for: `lb_subset_config`. */
  readonly choosesBySubset: boolean;
  /** Null if it chooses among all, or if nobody has said what the request asks for. */
  readonly subset: ExplainedSubset | null;
  /** Why no host would be asked, in words; `""` if one would. */
  readonly whyNone: string;
  /** No host that the request may go to is healthy, and all of them are asked for that (`healthy_panic_threshold`). */
  readonly panics: boolean;
  readonly hostCount: number;
  /** Whether active health checks or outlier detection watch the hosts; if not, they count as healthy whatever happens. Null: its clusters say so. */
  readonly watched: boolean | null;
  /** By health. */
  readonly healthy: number;
  readonly degraded: number;
  readonly unhealthy: number;
  /** The first 100: those of the subset first, and of them unhealthy ones: they are what one looks for. */
  readonly hosts: readonly CandidateHost[];
}

/** The hosts of one of the clusters of an aggregate cluster. */
export interface ExplainedMember {
  readonly name: string;
  readonly hosts: readonly Host[];
}

type Standing = Pick<CandidateHost, "cluster" | "priority">;

/** Describes an aggregate cluster whose clusters, in the order of their priority, have these hosts at present. */
export function aggregateExplanation(data: ClusterData, members: readonly ExplainedMember[]): ClusterExplanation {
  const standings = new Map<Host, Standing>();
  let next = 0;
  for (const { name, hosts } of members) {
    for (const { all } of hostLevels(hosts)) {
      for (const host of all) standings.set(host, { cluster: name, priority: next });
      if (all.length > 0) next++;
    }
  }
  const explained = clusterExplanation({ ...data, subsets: null }, [...standings.keys()], undefined, standings);
  return { ...explained, watched: null, loadBalancer: `aggregate of ${members.map(({ name }) => name).join(", ")}` };
}

/**
 * Describes a cluster that has these hosts at present. `metadataMatch`: what the request asks of its host, null for nothing; undefined if that is not
 * known. `standings`: where hosts stand in an aggregate cluster.
 */
export function clusterExplanation(
  data: ClusterData,
  hosts: readonly Host[],
  metadataMatch?: Readonly<Record<string, unknown>> | null,
  standings?: ReadonlyMap<Host, Standing>,
): ClusterExplanation {
  const counts: Record<HostHealth, number> = { healthy: 0, degraded: 0, unhealthy: 0 };
  for (const { health } of hosts) counts[health]++;
  const { subsets } = data;
  const narrows = subsets !== null && metadataMatch !== undefined;
  const candidates = narrows ? subsetCandidates(hosts, subsets, metadataMatch) : hosts;
  const usable = candidates.filter(({ health }) => health !== "unhealthy").length;
  const inSubset = new Set(candidates);
  const subset: ExplainedSubset | null = narrows
    ? {
        asked: criteriaInWords(metadataMatch),
        hostCount: candidates.length,
        healthy: candidates.filter(({ health }) => health === "healthy").length,
      }
    : null;
  const whyNone = whyNoHost(data, hosts.length, candidates.length, usable, subset);
  const rank = (host: Host): number => (inSubset.has(host) ? 0 : 3) + RANK[host.health];
  const sorted = [...hosts].sort((a, b) => rank(a) - rank(b));
  return {
    name: data.name,
    discovery: data.discovery,
    loadBalancer: data.loadBalancer.type.replace(/[A-Z]/g, "_$&").toUpperCase(),
    choosesBySubset: subsets !== null,
    subset,
    whyNone,
    panics: whyNone === "" && usable === 0 && candidates.length > 0,
    hostCount: hosts.length,
    watched: data.healthChecked || data.outlier !== null,
    ...counts,
    hosts: sorted.slice(0, MAX_HOSTS).map((host) => candidate(host, inSubset.has(host), standings?.get(host))),
  };
}

function whyNoHost(
  { originalDst, priorityLoad }: ClusterData,
  all: number,
  candidates: number,
  usable: number,
  subset: ExplainedSubset | null,
): string {
  // Whoever asks names the host.
  if (originalDst !== null) return "";
  if (all === 0) return "has no hosts";
  if (candidates === 0) {
    const asked = subset === null || subset.asked === "" ? "no metadata" : subset.asked;
    return `has no host in the subset of the request, which asks for ${asked}`;
  }
  return usable === 0 && priorityLoad.panicThresholdPercent === 0
    ? "has no healthy host that the request may go to"
    : "";
}

const RANK: Readonly<Record<HostHealth, number>> = { unhealthy: 0, degraded: 1, healthy: 2 };

function candidate(host: Host, inSubset: boolean, standing: Standing | undefined): CandidateHost {
  return {
    address: host.addressText,
    hostname: host.hostname,
    health: host.health,
    status: host.healthStatus,
    flags: healthFlagNames(host.healthFlags),
    weight: host.weight,
    priority: standing?.priority ?? host.priority,
    cluster: standing?.cluster ?? "",
    zone: host.locality.zone,
    activeRequests: host.activeRequests,
    inSubset,
  };
}
