import type { ActorRef, Question } from "../../src/actor/actor-ref.ts";
import type { Address } from "../../src/net/address.ts";
import type { AssignmentPolicyData, DiscoveryData, InitializePhase } from "../../src/upstream/cluster-data.ts";
import type { MemberData } from "../../src/upstream/membership/membership-delta.ts";
import type { ConsecutiveType } from "../../src/upstream/outlier/outlier-data.ts";
import type { Ejection } from "../../src/upstream/outlier/outlier-detector.ts";
import type { WorkerMessage } from "../worker/protocol.ts";

/** Where the hosts of one cluster come from. Equal hashes mean equal data. */
export interface DiscoveredCluster {
  readonly hash: string;
  readonly data: DiscoveryData;
}

/**
 * Begins to find the hosts of clusters that a version brings or changes; those known with the same hash go on as they are. Replies when
 * every cluster that is waited for has made its first attempt, or at the deadline. The hosts in force are not touched.
 */
export interface WarmClusters extends Question<ClustersWarmed> {
  readonly type: "warmClusters";
  /** All of the version, not only what is new. */
  readonly clusters: readonly DiscoveredCluster[];
  readonly deadlineMs: number;
}

/** The clusters can be put in force. */
export interface ClustersWarmed {
  readonly type: "clustersWarmed";
  /** Names of those that had not made their first attempt at the deadline. They start without hosts. */
  readonly late: readonly string[];
}

/** These clusters, which have been warmed before, are in force from now on, and no others. */
export interface PutClustersInForce {
  readonly type: "putClustersInForce";
  readonly clusters: readonly DiscoveredCluster[];
}

/** Drops what was warmed and is not in force: the version was refused. */
export interface DropWarmedClusters {
  readonly type: "dropWarmedClusters";
}

/** A worker's thread has answered: it is told of all hosts from now on. */
export interface WorkerJoined {
  readonly type: "workerJoined";
  readonly worker: string;
  readonly ref: ActorRef<WorkerMessage>;
}

/** The worker's thread has ended. */
export interface WorkerLeft {
  readonly type: "workerLeft";
  readonly worker: string;
}

/** Asks that a worker have all hosts as they are now. */
export interface SyncWorker extends Question<{ readonly type: "workerSynced" }> {
  readonly type: "syncWorker";
  readonly worker: string;
}

/**
 * A host has said in an answer (`x-envoy-immediate-health-check-fail`) that it fails: it counts as failed until it passes its checks.
 * Nothing happens if it has none.
 */
export interface FailHost {
  readonly type: "failHost";
  readonly cluster: string;
  /** As `formatAddress` writes it. */
  readonly address: string;
}

/** So many requests to a host have failed in a row: outlier detection is to judge it. Nothing happens if the host is gone. */
export interface JudgeHost {
  readonly type: "judgeHost";
  readonly cluster: string;
  /** As `formatAddress` writes it. */
  readonly address: string;
  readonly failures: ConsecutiveType;
}

/** Asks for what is known of the clusters with discovery, for people. */
export interface InspectMembership extends Question<readonly MembershipStatus[]> {
  readonly type: "inspectMembership";
}

/** What outlier detection knows of a cluster. Rates in percent; -1 = too few hosts or requests to say. */
export interface OutlierStatus {
  readonly successRateAverage: number;
  readonly successRateEjectionThreshold: number;
  readonly localOriginSuccessRateAverage: number;
  readonly localOriginSuccessRateEjectionThreshold: number;
  /** The first 100. */
  readonly ejections: readonly Ejection[];
  /** Success rates of hosts that have one, by address; the first 10,000. */
  readonly successRates: readonly (readonly [address: string, external: number, local: number])[];
}

/** A host of which checks have found something. */
export interface FlaggedHost {
  readonly address: string;
  /** The names of its flags. */
  readonly flags: readonly string[];
  /** Why its last active check failed; undefined if that went well or there was none. */
  readonly why?: string;
  /** Since it was last well, or first checked. */
  readonly failingForMs?: number;
}

/** One cluster with discovery. */
export interface MembershipStatus {
  readonly cluster: string;
  readonly version: number;
  readonly hosts: number;
  /** `warming`: the first attempt of a source that is in force or is to be is not over yet. */
  readonly state: "active" | "warming";
  readonly phase: InitializePhase;
  /** What it waits for while it is warming; null if it is active. */
  readonly awaits: "hosts" | "first health checks" | "primary clusters" | null;
  /** Hosts of which checks have found something; the first 100. */
  readonly flaggedHosts: readonly FlaggedHost[];
  /** Hosts that wait for their first check. */
  readonly pendingChecks: number;
  /** Null without outlier detection. */
  readonly outlier: OutlierStatus | null;
  /** What its discovery says of itself. */
  readonly discovery: Readonly<Record<string, unknown>>;
}

/** Asks for the addresses of a cluster's hosts in force; empty if the cluster has no discovery. */
export interface GetHosts extends Question<readonly Address[]> {
  readonly type: "getHosts";
  readonly cluster: string;
}

/** The hosts of one cluster in force. */
export interface ClusterMembers {
  readonly cluster: string;
  /** `service_name` of an EDS cluster; `""` if it has none or is none. */
  readonly edsServiceName: string;
  /** What came with the endpoints; null = the defaults. */
  readonly policy: AssignmentPolicyData | null;
  readonly members: readonly MemberData[];
}

/** Asks for the hosts of all clusters in force that have discovery, or hosts that are watched. */
export interface ListMembers extends Question<readonly ClusterMembers[]> {
  readonly type: "listMembers";
}

/** From the actor to itself: workers may lack something. */
export interface MembershipChanged {
  readonly type: "membershipChanged";
}

/** From the actor to itself: the time to warm clusters is over. */
export interface WarmingOver {
  readonly type: "warmingOver";
}

/** All that the membership actor understands. */
export type MembershipMessage =
  | WarmClusters
  | PutClustersInForce
  | DropWarmedClusters
  | WorkerJoined
  | WorkerLeft
  | SyncWorker
  | FailHost
  | JudgeHost
  | InspectMembership
  | GetHosts
  | ListMembers
  | MembershipChanged
  | WarmingOver;
