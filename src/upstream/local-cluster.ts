import { isDeepStrictEqual } from "node:util";
import type { RandomSource } from "../base/random.ts";
import { Protocol } from "../http/codec.ts";
import type { TableBuilder } from "../lb/hash/build-table.ts";
import type { LoadBalancer } from "../lb/load-balancer.ts";
import type { LoadBalancerContext } from "../lb/load-balancer-context.ts";
import type { PriorityLoadSettings } from "../lb/priority-load.ts";
import type { StatsScope } from "../stats/scope.ts";
import { AggregateBalancer, type AggregateMember } from "./aggregate-balancer.ts";
import type { BreakerMemory } from "./circuit-breaker/breaker-memory.ts";
import type { ResourcePriority } from "./circuit-breaker/circuit-breaker.ts";
import { ClusterBreakers } from "./circuit-breaker/cluster-breakers.ts";
import { HostConnectionLimits } from "./circuit-breaker/host-connection-limits.ts";
import { needsNewConnections } from "./cluster-change.ts";
import { type AssignmentPolicyData, type ClusterData, type DropOverloadData, hasMembership } from "./cluster-data.ts";
import { type ClusterInfo, createClusterInfo } from "./cluster-info.ts";
import { type ClusterInspection, inspectHost } from "./cluster-inspection.ts";
import { ClusterStats } from "./cluster-stats.ts";
import { balancesAlike, createLoadBalancer } from "./create-load-balancer.ts";
import type { Host } from "./host.ts";
import { HostRegistry } from "./host-registry.ts";
import { membersOf, policyOf } from "./membership/cluster-members.ts";
import { HealthFlag, isUnhealthy } from "./membership/health-flag.ts";
import type { MembershipDelta } from "./membership/membership-delta.ts";
import type { MembershipMirror } from "./membership/membership-mirror.ts";
import { OriginalDstHosts } from "./original-dst-hosts.ts";
import type { ConsecutiveType } from "./outlier/outlier-data.ts";
import { OutlierReports } from "./outlier/outlier-reports.ts";
import { chooseOverrideHost } from "./override-host.ts";
import type { AgreedProtocol } from "./pool/agreed-protocol.ts";
import { ClusterPools, type ClusterPoolsOwner } from "./pool/cluster-pools.ts";
import type { ConnectionWishes } from "./pool/connection-wishes.ts";
import type { HttpConnPool } from "./pool/http-conn-pool.ts";
import type { PoolEnvironment } from "./pool/pool-environment.ts";
import type { PoolRow } from "./pool/pool-listing.ts";
import type { Connectivity } from "./pool/preconnect.ts";
import type { TcpConnPool } from "./pool/tcp-conn-pool.ts";
import { ScopeTree } from "./scope-tree.ts";
import type { HostCounts } from "./thread-local-cluster.ts";
import { trackedStats } from "./tracked-stats.ts";
import { TransportSockets } from "./transport-sockets.ts";

/** What a `LocalCluster` is made of, beside its data. */
export interface LocalClusterOptions {
  readonly environment: PoolEnvironment;
  readonly random: RandomSource;
  /** The worker's root scope. */
  readonly stats: StatsScope;
  readonly breakerMemory: BreakerMemory;
  readonly breakerSlot: number;
  /** For the limits of single hosts. */
  readonly hostMemory: BreakerMemory;
  /** See `BalancingEnvironment`. */
  readonly tables: TableBuilder | null;
  /** The hosts of another cluster of this worker; none if there is no such cluster. */
  hostsOf(cluster: string): readonly Host[];
  /** See `AggregateBalancerOptions`. */
  memberOf(cluster: string): AggregateMember | null;
  /** Hosts came, went or changed. */
  onHostsChanged(): void;
  /** A host that is checked says of itself that it fails; told once until the cluster's hosts change. */
  onHostFailed(cluster: string, address: string): void;
  /** So many requests to a host have failed in a row. */
  onHostTripped(cluster: string, address: string, type: ConsecutiveType): void;
  /** A draining cluster has lost its last connection. Told once. */
  onDrained(cluster: LocalCluster): void;
}

/** A stream may go on counting long after its cluster was removed; only the garbage collector knows when the last one ends. */
const unusedStats = new FinalizationRegistry<ScopeTree>((scope) => scope.release());

/** One cluster on one worker, changed in place while its connections may stay. */
export class LocalCluster implements AggregateMember, ClusterPoolsOwner {
  #data: ClusterData;
  #info: ClusterInfo;
  #outlier: OutlierReports | null;
  readonly #options: LocalClusterOptions;
  readonly #scope: ScopeTree;
  readonly #breakers: ClusterBreakers;
  readonly #hosts: HostRegistry;
  readonly #findHost = (address: string): Host | undefined => this.#hosts.find(address);
  #balancer: LoadBalancer<Host>;
  /** The same for its whole life: others mean another cluster. */
  readonly #transportSockets: TransportSockets;
  /** What discovery says of balancing, in place of the cluster's own settings; null = nothing. */
  #policy: AssignmentPolicyData | null;
  /** The balancer of an aggregate cluster, which knows where the hosts come from; null for all others. */
  readonly #aggregate: AggregateBalancer | null;
  /** In place of the balancer if requests name their hosts. */
  readonly #originalDst: OriginalDstHosts | null;
  readonly #pools: ClusterPools;
  /** Hosts that checks keep requests away from. */
  #failed: ReadonlySet<Host> = new Set();
  /** Of the hosts that connections were last left for. */
  #hostsVersion = 0;
  /** Hosts that were told of by `onHostFailed`. */
  #toldFailed: Set<Host> | null = null;
  #hostCounts: HostCounts = { total: 0, healthy: 0, degraded: 0 };
  /** Set from `retire` until its end was told. */
  #retired = false;

  /** `membership`: see `membersOf`. */
  constructor(data: ClusterData, membership: MembershipMirror | undefined, options: LocalClusterOptions) {
    this.#data = data;
    this.#options = options;
    this.#outlier = this.#outlierReports();
    this.#scope = new ScopeTree(options.stats.scope(`cluster.${data.observabilityName}`));
    const stats = new ClusterStats(this.#scope);
    this.#breakers = new ClusterBreakers(options.breakerMemory, options.breakerSlot, data.circuitBreakers, this.#scope);
    this.#transportSockets = new TransportSockets(data.connectionSettings, (socket) =>
      options.environment.makeTransportSocket(socket, this.#scope),
    );
    this.#info = this.#infoOf(data, stats);
    this.#pools = new ClusterPools(this.#info, options.environment, this);
    this.#hosts = new HostRegistry(membersOf(data, membership));
    this.#hostsVersion = this.#hosts.version;
    this.#policy = policyOf(data, membership);
    this.#aggregate = this.#aggregateBalancer();
    this.#balancer = this.#createBalancer();
    this.#balancer.update(this.#hosts.hosts);
    this.#originalDst = this.#originalDstHosts(stats);
    this.#publishMembership();
  }

  #infoOf(data: ClusterData, stats: ClusterStats): ClusterInfo {
    const limits = data.hostConnectionLimits;
    return createClusterInfo(data, {
      transportSockets: this.#transportSockets,
      stats,
      tracked: trackedStats(data.trackedStats, this.#scope),
      circuitBreakers: this.#breakers,
      hostConnectionLimits: limits === null ? null : new HostConnectionLimits(this.#options.hostMemory, limits),
    });
  }

  get info(): ClusterInfo {
    return this.#info;
  }

  get hostCounts(): HostCounts {
    return this.#hostCounts;
  }

  get dropOverload(): DropOverloadData | null {
    return this.#policy === null ? this.#data.dropOverload : this.#policy.dropOverload;
  }

  outlierOf(host: Host): OutlierReports | null {
    return this.#aggregate === null ? this.#outlier : (this.#aggregate.ownerOf(host)?.outlierOf(host) ?? null);
  }

  /** For aggregate clusters that this one is part of. */
  get priorityLoad(): PriorityLoadSettings {
    const { priorityLoad } = this.#data;
    return this.#policy === null ? priorityLoad : { ...priorityLoad, ...this.#policy };
  }

  #outlierReports(): OutlierReports | null {
    const { name, outlier } = this.#data;
    if (outlier === null) return null;
    return new OutlierReports(outlier, (host, type) => this.#options.onHostTripped(name, host.addressText, type));
  }

  failHost(host: Host): void {
    if (this.#aggregate !== null) this.#aggregate.ownerOf(host)?.failHost(host);
    if (!this.#data.healthChecked || (host.healthFlags & HealthFlag.excludedViaImmediateHcFail) !== 0) return;
    this.#toldFailed ??= new Set();
    if (this.#toldFailed.has(host)) return;
    this.#toldFailed.add(host);
    this.#options.onHostFailed(this.#data.name, host.addressText);
  }

  get connectionCount(): number {
    return this.#pools.connectionCount;
  }

  /** Streams and connections of its pools, kept up to date while it has a `preconnect_policy`. */
  get connectivity(): Connectivity {
    return this.#pools.connectivity;
  }

  hasHost(host: Host): boolean {
    return !this.#retired && (this.#aggregate === null ? this.#hosts.has(host) : this.#aggregate.hasHost(host));
  }

  isMember(host: Host): boolean {
    return this.#hosts.has(host);
  }

  chooseHost(context: LoadBalancerContext): Host | null {
    const host = this.#originalDst === null ? this.#chooseBalanced(context) : this.#originalDst.chooseHost(context);
    if (host === null) this.#info.stats.cx.noneHealthy.inc();
    return host;
  }

  #chooseBalanced(context: LoadBalancerContext): Host | null {
    const wish = chooseOverrideHost(context, this.#findHost, this.#data.overrideHostStatuses);
    if (wish !== null && (wish.host !== null || wish.strict)) return wish.host;
    return this.#balancer.chooseHost(context);
  }

  pick(context: LoadBalancerContext): Host | null {
    return this.#balancer.chooseHost(context);
  }

  httpPool(
    host: Host,
    priority: ResourcePriority,
    downstream: Protocol | "",
    wishes: ConnectionWishes | null = null,
  ): HttpConnPool {
    if (this.#aggregate !== null) return this.#aggregate.ownerOf(host)!.httpPool(host, priority, downstream, wishes);
    const { httpProtocol, preconnect } = this.#info;
    const ofClient = downstream === Protocol.http2 ? "http2" : "http1";
    const kind = httpProtocol === "downstream" ? ofClient : httpProtocol;
    if (preconnect !== null && preconnect.predictiveRatio > 1 && !this.#pools.isDraining) {
      this.#pools.connectivity.preconnect(preconnect.predictiveRatio, () => {
        const next = this.#balancer.peekAnotherHost?.() ?? null;
        return next !== null && this.#httpPool(next, priority, kind, wishes).preconnect(preconnect.predictiveRatio);
      });
    }
    return this.#httpPool(host, priority, kind, wishes);
  }

  #httpPool(
    host: Host,
    priority: ResourcePriority,
    kind: AgreedProtocol | "auto",
    wishes: ConnectionWishes | null,
  ): HttpConnPool {
    const ofHost = this.#pools.of(host);
    const pools = wishes === null ? ofHost : ofHost.apart(wishes);
    if (kind === "auto") return pools.autoPool(priority);
    return kind === "http2" ? pools.http2Pool(priority) : pools.http1Pool(priority);
  }

  tcpPool(host: Host, priority: ResourcePriority = "default"): TcpConnPool {
    if (this.#aggregate !== null) return this.#aggregate.ownerOf(host)!.tcpPool(host, priority);
    return this.#pools.of(host).tcpPool(priority);
  }

  /**
   * Puts `data` into force and keeps all connections that fit it. False, and nothing done, if it needs other connections: then a
   * new cluster must take this one's place. `membership`: see `membersOf`.
   */
  tryUpdate(data: ClusterData, membership: MembershipMirror | undefined): boolean {
    if (needsNewConnections(this.#data, data)) return false;
    const before = this.#data;
    this.#data = data;
    if (!isDeepStrictEqual(before.outlier, data.outlier)) this.#outlier = this.#outlierReports();
    this.#breakers.setLimits(data.circuitBreakers);
    this.#info = this.#infoOf(data, this.#info.stats);
    this.#pools.info = this.#info;
    const removed = this.#originalDst === null ? this.#hosts.replace(membersOf(data, membership)) : [];
    const policy = this.#policy;
    this.#policy = policyOf(data, membership);
    if (policy !== this.#policy || !balancesAlike(before, data)) this.#balancer = this.#createBalancer();
    this.#onHostsChanged(removed);
    return true;
  }

  /** Brings the hosts to where `membership` stands after `delta`. What did not change keeps its connections. */
  updateMembership(membership: MembershipMirror, delta: MembershipDelta): void {
    if (!hasMembership(this.#data)) return;
    const isAll = delta.from === 0;
    const { members } = membership;
    if (this.#policy !== membership.policy) {
      this.#policy = membership.policy;
      this.#balancer = this.#createBalancer();
    }
    this.#onHostsChanged(
      isAll ? this.#hosts.replace(members.values()) : this.#hosts.change(delta.upserts, delta.removed),
    );
  }

  /** The hosts there are now, in a list that does not change. */
  get hosts(): readonly Host[] {
    return this.#hosts.hosts;
  }

  /** Whether picking depends on the hosts of the cluster called `name`, beside its own. */
  dependsOnHostsOf(name: string): boolean {
    const { locality, aggregate } = this.#data;
    if (aggregate !== null) return aggregate.includes(name);
    return locality.type === "zoneAware" && locality.localCluster === name;
  }

  /** Takes into account that the hosts of a cluster have changed on which this one depends. */
  rebalance(): void {
    this.#balancer.update(this.#hosts.hosts);
  }

  #onHostsChanged(removed: readonly Host[]): void {
    this.#toldFailed = null;
    this.#balancer.update(this.#hosts.hosts);
    this.#options.onHostsChanged();
    this.#pools.drainHosts(removed);
    this.#leaveAllIfChanged();
    this.#leaveFailed();
    this.#publishMembership();
  }

  /** `close_connections_on_host_set_change`: where hashes lead elsewhere now, what comes next is to go there. */
  #leaveAllIfChanged(): void {
    const { version, hosts } = this.#hosts;
    if (version === this.#hostsVersion) return;
    this.#hostsVersion = version;
    if (!this.#data.closeConnectionsOnHostSetChange) return;
    for (const host of hosts) this.#pools.replace(host, false);
  }

  /** Hosts that have failed a check just now lose their connections: new ones may well come to another way, or end. */
  #leaveFailed(): void {
    const failed = new Set(this.#hosts.hosts.filter((host) => isUnhealthy(host.healthFlags)));
    for (const host of failed) {
      if (!this.#failed.has(host)) this.#pools.replace(host, this.#data.closeConnectionsOnHealthFailure);
    }
    this.#failed = failed;
  }

  /** How many of this worker's connections `data` in its place would wind up; null = the cluster would be gone. */
  countDrainedBy(data: ClusterData | null): number {
    if (data === null || needsNewConnections(this.#data, data)) return this.connectionCount;
    if (hasMembership(data) || data.originalDst !== null) return 0;
    return this.#pools.countOthers(this.#hosts.keptBy(data.endpoints));
  }

  /** Idle connections close now, all others after their stream. The cluster can still be used. */
  drain(): void {
    this.#originalDst?.stop();
    this.#pools.drain();
  }

  /** Drains because the cluster is removed or replaced; `onDrained` is told when the last connection is gone. */
  retire(): void {
    this.drain();
    this.#retired = true;
    this.#reportDrained();
  }

  /** Closes everything now and resets what runs. */
  close(): void {
    this.#originalDst?.stop();
    this.#pools.close();
  }

  onPoolDrained(): void {
    this.#reportDrained();
  }

  refreshGauges(): void {
    this.#breakers.refreshGauges();
  }

  /** Gives up the cluster's stats as soon as no stream holds the cluster's `info` any more: until then it may count. */
  releaseStats(): void {
    unusedStats.register(this.#info.stats, this.#scope);
  }

  inspect(): ClusterInspection {
    return {
      name: this.#data.name,
      observabilityName: this.#data.observabilityName,
      hosts: this.#hosts.hosts.map(inspectHost),
      connectionCount: this.connectionCount,
    };
  }

  /** The pools of its hosts, those that wind up among them. */
  describePools(): Generator<PoolRow> {
    return this.#pools.describe();
  }

  #aggregateBalancer(): AggregateBalancer | null {
    if (this.#data.aggregate === null) return null;
    const { random } = this.#options;
    return new AggregateBalancer({
      random,
      clusters: () => this.#data.aggregate ?? [],
      panicThresholdPercent: () => this.#data.priorityLoad.panicThresholdPercent,
      memberOf: (cluster) => this.#options.memberOf(cluster),
    });
  }

  #createBalancer(): LoadBalancer<Host> {
    if (this.#aggregate !== null) return this.#aggregate;
    const { random, environment, tables } = this.#options;
    const data = { ...this.#data, priorityLoad: this.priorityLoad };
    return createLoadBalancer(data, {
      random,
      tables,
      clock: environment.timers.clock,
      stats: this.#info.stats.lb,
      hostsOf: (cluster) => this.#options.hostsOf(cluster),
    });
  }

  #originalDstHosts(stats: ClusterStats): OriginalDstHosts | null {
    const { originalDst } = this.#data;
    if (originalDst === null) return null;
    const owner = {
      timer: (onTimeout: () => void) => this.#options.environment.timers.timer(onTimeout),
      isInUse: (host: Host) => this.#pools.isInUse(host),
      onHostsChanged: (removed: readonly Host[]) => {
        this.#pools.drainHosts(removed);
        this.#publishCounts(this.#hosts.size, this.#hosts.size, 0);
      },
    };
    return new OriginalDstHosts(originalDst, this.#hosts, owner, stats.originalDstHostInvalid);
  }

  #publishMembership(): void {
    const { membership } = this.#info.stats;
    const hosts = this.#hosts.hosts;
    const healthy = hosts.filter((host) => host.health === "healthy").length;
    const degraded = hosts.filter((host) => host.health === "degraded").length;
    this.#publishCounts(hosts.length, healthy, degraded);
    membership.excluded.set(hosts.filter(({ excluded }) => excluded).length);
    membership.maxHostWeight.set(hosts.reduce((most, host) => Math.max(most, host.weight), 0));
  }

  #publishCounts(total: number, healthy: number, degraded: number): void {
    const { membership } = this.#info.stats;
    this.#hostCounts = { total, healthy, degraded };
    membership.total.set(total);
    membership.healthy.set(healthy);
    membership.degraded.set(degraded);
  }

  #reportDrained(): void {
    if (!this.#retired || !this.#pools.isEmpty) return;
    this.#retired = false;
    this.#options.onDrained(this);
  }
}
