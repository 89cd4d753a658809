import type { CircuitBreakerCells } from "../../src/upstream/circuit-breaker/circuit-breaker-cells.ts";
import type { AssignmentPolicyData, EndpointData } from "../../src/upstream/cluster-data.ts";
import type { Discovery, DiscoveryOwner, DiscoveryStats } from "../../src/upstream/discovery/discovery.ts";
import type { ClusterHealthChecks } from "../../src/upstream/health-check/cluster-health-checks.ts";
import { ACTIVE_CHECK_FLAGS, HealthFlag, healthFlagNames } from "../../src/upstream/membership/health-flag.ts";
import { HostConnectionSlots } from "../../src/upstream/membership/host-connection-slots.ts";
import { type HostGrants, HostSet } from "../../src/upstream/membership/host-set.ts";
import type { ConsecutiveType } from "../../src/upstream/outlier/outlier-data.ts";
import type { OutlierDetector } from "../../src/upstream/outlier/outlier-detector.ts";
import { outlierStatus } from "./outlier-status.ts";
import type { ClusterMembers, DiscoveredCluster, FlaggedHost, MembershipStatus } from "./protocol.ts";

/** A page for people shows no more. */
const MAX_FLAGGED_HOSTS = 100;

/** Makes the discovery of a cluster; it does nothing before its `start`. */
export type CreateDiscovery = (
  data: DiscoveredCluster["data"],
  owner: DiscoveryOwner,
  stats: DiscoveryStats,
) => Discovery;

/** A check of a host is over. */
export type OnHostChecked = (address: string, healthy: boolean) => void;

/** A host is not to be used for a while, or may be again. */
export type OnHostEjected = (address: string, ejected: boolean) => void;

/** What the slots of all clusters share. */
export interface SlotHost {
  readonly createDiscovery: CreateDiscovery;
  createStats(observabilityName: string): DiscoveryStats;
  /** Makes the checks of a cluster's hosts; they do nothing before their first `update`. */
  createChecks(data: DiscoveredCluster["data"], onChecked: OnHostChecked): ClusterHealthChecks;
  /** Where workers count the connections of hosts. */
  readonly hostCells: CircuitBreakerCells;
  /** Makes the outlier detection of a cluster. */
  createDetector(data: DiscoveredCluster["data"], onEjected: OnHostEjected): OutlierDetector;
  /** The hosts in force of some cluster have changed. */
  onChanged(cluster: string): void;
  /** The first attempt of a source of this cluster is over. */
  onFirstAttempt(cluster: string): void;
}

/** One way of finding a cluster's hosts: that in force, or the one that is to take its place. */
interface Source {
  readonly cluster: DiscoveredCluster;
  readonly discovery: Discovery;
  /** What it has found; null = nothing yet. */
  latest: { readonly endpoints: readonly EndpointData[]; readonly policy: AssignmentPolicyData | null } | null;
  /** False while it is held back. */
  started: boolean;
  attempted: boolean;
}

/**
 * A cluster with discovery on the main side: its hosts in force, the source they come from, and another source while that is warming. A
 * new source starts beside the old one, and what it found takes the place of the old hosts all at once, so that hosts
 * which stay keep their connections.
 */
export class ClusterSlot {
  readonly hosts: HostSet;
  readonly #host: SlotHost;
  readonly #stats: DiscoveryStats;
  /** Made for the first source with active checks. */
  #checks: ClusterHealthChecks | null = null;
  #detector: OutlierDetector | null = null;
  /** Null if hosts have no limits. */
  #connectionSlots: HostConnectionSlots | null = null;
  #current: Source | null = null;
  #next: Source | null = null;

  constructor(data: DiscoveredCluster["data"], host: SlotHost) {
    this.hosts = new HostSet(data.cluster, 1);
    this.hosts.grantsOf = (address) => this.#grantsOf(address);
    this.#host = host;
    this.#stats = host.createStats(data.observabilityName);
  }

  /** Whether it belongs to the version in force. */
  get inForce(): boolean {
    return this.#current !== null;
  }

  /** Whether a version with `hash` would have to wait for it. */
  isWaitedFor(hash: string): boolean {
    const source = this.#sourceOf(hash);
    if (source === undefined || !source.cluster.data.waitsForWarm) return false;
    return !source.attempted || this.#awaitsChecks(source);
  }

  /** Whether the first attempt of its source in force, or of the next one, is not over. */
  get isWarming(): boolean {
    if (this.#next !== null && this.#awaitsChecks(this.#next)) return true;
    return this.#current?.attempted === false || this.#next?.attempted === false;
  }

  /** Starts finding hosts in this way, unless it is known. One that `isHeld` waits for `startHeld`, and is warming until then. */
  warm(cluster: DiscoveredCluster, isHeld = false): void {
    if (this.#sourceOf(cluster.hash) !== undefined) return;
    this.dropWarmed();
    let source: Source | undefined;
    const owner: DiscoveryOwner = {
      onHosts: (endpoints, policy = null) => this.#onHosts(source!, { endpoints, policy }),
      onFirstAttempt: () => {
        source!.attempted = true;
        this.#host.onFirstAttempt(this.hosts.cluster);
      },
    };
    const discovery = this.#host.createDiscovery(cluster.data, owner, this.#stats);
    source = { cluster, discovery, latest: null, started: !isHeld, attempted: false };
    this.#next = source;
    if (!isHeld) discovery.start();
  }

  /** Does nothing if nothing is held back. */
  startHeld(): void {
    for (const source of [this.#current, this.#next]) {
      if (source === null || source.started) continue;
      source.started = true;
      source.discovery.start();
    }
  }

  dropWarmed(): void {
    if (this.#next === null) return;
    this.#next.discovery.stop();
    this.#next = null;
    this.#checkHosts();
  }

  /** From now on the hosts come from the source of this hash. One that has found nothing yet leaves the hosts as they are. */
  putInForce(hash: string): void {
    const next = this.#next;
    if (next === null || next.cluster.hash !== hash) return;
    this.#current?.discovery.stop();
    this.#current = next;
    this.#next = null;
    this.#stats.version.set(this.hosts.version);
    this.#checkHosts();
    this.#changeDetector(next.cluster.data);
    this.#changeConnectionSlots(next.cluster.data);
    if (next.latest !== null) this.#replaceHosts(next.latest);
    else if (this.#applyFlags()) this.#host.onChanged(this.hosts.cluster);
  }

  /** The cluster is gone. */
  close(): void {
    this.dropWarmed();
    this.#current?.discovery.stop();
    this.#current = null;
    this.#checks?.close();
    this.#detector?.close();
    this.#detector = null;
    this.#connectionSlots?.close();
    this.#connectionSlots = null;
    this.#stats.release();
  }

  setHealthFlags(address: string, flags: number, on: boolean): void {
    if (this.hosts.setHealthFlags(address, flags, on)) this.#host.onChanged(this.hosts.cluster);
  }

  /** See `FailHost`. */
  failHost(address: string): void {
    this.#checks?.failImmediately(address);
  }

  /** See `JudgeHost`. */
  judgeHost(address: string, failures: ConsecutiveType): void {
    this.#detector?.onTripped(address, failures);
  }

  status(): MembershipStatus {
    const source = this.#current ?? this.#next;
    const warming = this.#next ?? this.#current;
    return {
      cluster: this.hosts.cluster,
      version: this.hosts.version,
      hosts: this.hosts.members.size,
      state: this.isWarming ? "warming" : "active",
      phase: warming?.cluster.data.initializePhase ?? "primary",
      awaits: this.#awaits(warming),
      flaggedHosts: this.#flaggedHosts(),
      pendingChecks: this.#checks?.pendingCount ?? 0,
      outlier: this.#detector === null ? null : outlierStatus(this.#detector, this.hosts),
      discovery: source?.discovery.inspect() ?? {},
    };
  }

  listMembers(): ClusterMembers {
    const { cluster, members, policy } = this.hosts;
    const data = this.#current?.cluster.data;
    const edsServiceName = data?.type === "file" && data.serviceName !== cluster ? data.serviceName : "";
    return { cluster, edsServiceName, policy, members: [...members.values()] };
  }

  #awaits(source: Source | null): MembershipStatus["awaits"] {
    if (source === null || !this.isWarming) return null;
    if (!source.started) return "primary clusters";
    return source.attempted ? "first health checks" : "hosts";
  }

  #flaggedHosts(): MembershipStatus["flaggedHosts"] {
    const flagged: FlaggedHost[] = [];
    for (const [address, { healthFlags }] of this.hosts.members) {
      if (healthFlags === 0) continue;
      if (flagged.length === MAX_FLAGGED_HOSTS) break;
      flagged.push({ address, flags: healthFlagNames(healthFlags), ...this.#checks?.troubleOf(address) });
    }
    return flagged;
  }

  #sourceOf(hash: string): Source | undefined {
    return [this.#next, this.#current].find((source) => source?.cluster.hash === hash) ?? undefined;
  }

  #onHosts(source: Source, latest: NonNullable<Source["latest"]>): void {
    source.latest = latest;
    this.#checkHosts();
    if (source === this.#current) this.#replaceHosts(latest);
  }

  /** Checks the hosts in force and those that are to come, so that the health of these is known when they do. */
  #checkHosts(): void {
    const sources = [this.#current, this.#next].filter((source) => source !== null);
    const [first] = sources;
    const health = sources.map(({ cluster }) => cluster.data.healthCheck).find((data) => data !== null) ?? null;
    if (first === undefined || (health === null && this.#checks === null)) return;
    this.#checks ??= this.#host.createChecks(first.cluster.data, (...checked) => this.#onChecked(...checked));
    const checked = sources.filter(({ cluster }) => cluster.data.healthCheck !== null);
    this.#checks.update(
      checked.flatMap(({ latest }) => latest?.endpoints ?? []),
      health,
    );
  }

  /** Whether hosts of this source still wait for their first check. */
  #awaitsChecks({ cluster, latest }: Source): boolean {
    return cluster.data.healthCheck !== null && this.#checks?.isPending(latest?.endpoints ?? []) === true;
  }

  /** The detection of a source that comes in force takes over from the one before. */
  #changeDetector(data: DiscoveredCluster["data"]): void {
    const { outlierDetection } = data;
    if (outlierDetection === null) {
      this.#detector?.close();
      this.#detector = null;
    } else if (this.#detector !== null) {
      this.#detector.setData(outlierDetection);
    } else {
      this.#detector = this.#host.createDetector(data, (address, ejected) =>
        this.setHealthFlags(address, HealthFlag.failedOutlierCheck, ejected),
      );
      this.#detector.update(this.hosts.members.keys());
      this.hosts.renew();
    }
  }

  #changeConnectionSlots({ cluster, countsHostConnections }: DiscoveredCluster["data"]): void {
    if (!countsHostConnections) {
      this.#connectionSlots?.close();
      this.#connectionSlots = null;
    } else if (this.#connectionSlots === null) {
      this.#connectionSlots = new HostConnectionSlots(cluster, this.#host.hostCells);
      this.#connectionSlots.update(this.hosts.members.keys());
      this.hosts.renew();
    }
  }

  #grantsOf(address: string): HostGrants | null {
    if (this.#detector === null && this.#connectionSlots === null) return null;
    return { outlier: this.#detector?.grantOf(address), connectionSlot: this.#connectionSlots?.slotOf(address) };
  }

  #onChecked(address: string, healthy: boolean): void {
    if (healthy && ((this.#checks?.flagsOf(address) ?? 0) & HealthFlag.failedActiveHc) === 0) {
      this.#detector?.onCheckPassed(address);
    }
    if (this.#applyFlagsOf(address)) this.#host.onChanged(this.hosts.cluster);
    this.#host.onFirstAttempt(this.hosts.cluster);
  }

  /** Brings the flags of all hosts to what the checks say; answers whether that changed any. */
  #applyFlags(): boolean {
    let changed = false;
    for (const address of [...this.hosts.members.keys()]) changed = this.#applyFlagsOf(address) || changed;
    return changed;
  }

  #applyFlagsOf(address: string): boolean {
    const inForce = this.#current !== null && this.#current.cluster.data.healthCheck !== null;
    const flags = inForce ? (this.#checks?.flagsOf(address) ?? 0) : 0;
    const set = this.hosts.setHealthFlags(address, flags, true);
    return this.hosts.setHealthFlags(address, ACTIVE_CHECK_FLAGS & ~flags, false) || set;
  }

  #replaceHosts({ endpoints, policy }: NonNullable<Source["latest"]>): void {
    const replaced = this.hosts.replace(endpoints, policy);
    if (replaced) {
      this.#detector?.update(this.hosts.members.keys());
      this.#connectionSlots?.update(this.hosts.members.keys());
    }
    const flagged = this.#applyFlags();
    if (flagged && !replaced) this.#host.onChanged(this.hosts.cluster);
    if (!replaced) {
      this.#stats.updateNoRebuild.inc();
      return;
    }
    this.#stats.membershipChange.inc();
    this.#stats.version.set(this.hosts.version);
    this.#host.onChanged(this.hosts.cluster);
  }
}
