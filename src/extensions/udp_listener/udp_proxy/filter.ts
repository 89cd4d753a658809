import { formatIpPort } from "../../../net/address.ts";
import type { DownstreamUdp, UdpListenerFilter, UdpSessionUse } from "../../../net/udp-listener-filter.ts";
import type { Host } from "../../../upstream/host.ts";
import type { ThreadLocalCluster } from "../../../upstream/thread-local-cluster.ts";
import type { WorkerContext } from "../../extension-module.ts";
import { type UdpClusterStats, type UdpProxyStats, udpClusterStats, udpProxyStats } from "./stats.ts";
import { UdpLoadBalancerContext } from "./udp-load-balancer-context.ts";
import type { UdpProxyData } from "./udp-proxy-data.ts";
import { UdpSession } from "./udp-session.ts";
import type { UdpSessionLog } from "./udp-session-log.ts";

/**
 * Sends the datagrams of each client to a host of a cluster, and those of the host back: a session, which keeps its host while that is there and
 * healthy. There are as many sessions as the cluster's circuit breaker of connections allows, on all workers together. One per listener and worker.
 * Source: Envoy's `UdpProxyFilter`. Differs from Envoy: the session of a removed host ends with the next datagram of its client.
 */
export class UdpProxyFilter implements UdpListenerFilter {
  readonly #data: UdpProxyData;
  readonly #worker: WorkerContext;
  readonly #log: UdpSessionLog;
  readonly #nextId: () => number;
  readonly #scope;
  readonly #stats: UdpProxyStats;
  readonly #context: UdpLoadBalancerContext;
  readonly #sessions = new Map<DownstreamUdp, Map<string, UdpSession>>();
  #activeCount = 0;
  /** Of the cluster's name that was seen last. */
  #clusterStats: { readonly name: string; readonly stats: UdpClusterStats } | null = null;

  /** Owns `log`. `nextId` numbers the sessions. */
  constructor(data: UdpProxyData, worker: WorkerContext, log: UdpSessionLog, nextId: () => number) {
    this.#data = data;
    this.#log = log;
    this.#nextId = nextId;
    this.#worker = worker;
    this.#scope = worker.stats.scope(`udp.${data.statPrefix}`);
    this.#stats = udpProxyStats(this.#scope);
    this.#context = new UdpLoadBalancerContext(data.hashPolicy);
  }

  get activeCount(): number {
    return this.#activeCount;
  }

  knows(ip: string, port: number, socket: DownstreamUdp): boolean {
    return !this.#data.perPacket && this.#find(formatIpPort(ip, port), socket) !== undefined;
  }

  onDatagram(data: Buffer, ip: string, port: number, socket: DownstreamUdp): void {
    const cluster = this.#worker.clusters.get(this.#data.cluster);
    if (cluster === undefined) {
      this.#find(formatIpPort(ip, port), socket)?.close();
      this.#stats.sessNoRoute.inc();
      return;
    }
    this.#context.clientIp = ip;
    const session = this.#data.perPacket
      ? this.#sessionWithAnyHost(cluster, ip, port, socket)
      : this.#session(cluster, ip, port, socket);
    session?.forward(data);
  }

  onReceiveError(): void {
    this.#stats.rxErrors.inc();
  }

  *sessions(): Generator<UdpSessionUse> {
    for (const session of this.#all()) yield session.describe();
  }

  closeSession(id: number): boolean {
    for (const session of this.#all()) {
      if (session.id !== id) continue;
      session.close();
      return true;
    }
    return false;
  }

  dispose(): void {
    for (const session of [...this.#all()]) session.close();
    this.#log.release();
    this.#clusterStats?.stats.scope.release();
    this.#scope.release();
  }

  *#all(): Generator<UdpSession> {
    for (const sessions of this.#sessions.values()) yield* sessions.values();
  }

  /** The client's session, a new one if need be; null if there can't be one. */
  #session(cluster: ThreadLocalCluster, ip: string, port: number, socket: DownstreamUdp): UdpSession | null {
    const key = formatIpPort(ip, port);
    const session = this.#find(key, socket);
    if (session !== undefined && cluster.hasHost(session.host)) {
      if (session.host.health !== "unhealthy") return session;
      const better = cluster.chooseHost(this.#context);
      if (better === null || better === session.host || better.health === "unhealthy") return session;
      session.close();
      return this.#open(cluster, better, key, ip, port, socket);
    }
    session?.close();
    return this.#open(cluster, null, key, ip, port, socket);
  }

  /** The session of the client with a host that is chosen for this datagram. */
  #sessionWithAnyHost(cluster: ThreadLocalCluster, ip: string, port: number, socket: DownstreamUdp): UdpSession | null {
    const host = cluster.chooseHost(this.#context);
    if (host === null) return null;
    const key = `${formatIpPort(ip, port)} ${host.addressText}`;
    const session = this.#find(key, socket);
    if (session !== undefined && session.host === host) return session;
    session?.close();
    return this.#open(cluster, host, key, ip, port, socket);
  }

  #find(key: string, socket: DownstreamUdp): UdpSession | undefined {
    return this.#sessions.get(socket)?.get(key);
  }

  #open(
    cluster: ThreadLocalCluster,
    chosen: Host | null,
    key: string,
    ip: string,
    port: number,
    socket: DownstreamUdp,
  ): UdpSession | null {
    const { info } = cluster;
    const breaker = info.circuitBreakers.default.connections;
    if (!breaker.tryAcquire()) {
      info.stats.cx.overflow.inc();
      return null;
    }
    const host = chosen ?? cluster.chooseHost(this.#context);
    if (host === null || host.address.type !== "ip") {
      breaker.release();
      return null;
    }
    const session = new UdpSession({
      ...{ id: this.#nextId(), key, ip, port, downstream: socket, host, breaker },
      ...{ hostIp: host.address.ip, hostPort: host.address.port },
      stats: this.#stats,
      clusterStats: this.#statsOf(info.observabilityName),
      cluster: info,
      log: this.#log,
      timers: this.#worker.timers,
      idleTimeoutMs: this.#data.idleTimeoutMs,
      maxUpstreamDatagramBytes: this.#data.maxUpstreamDatagramBytes,
      onClosed: () => this.#forget(key, socket),
    });
    const sessions = this.#sessions.get(socket) ?? new Map<string, UdpSession>();
    this.#sessions.set(socket, sessions.set(key, session));
    this.#activeCount++;
    return session;
  }

  #forget(key: string, socket: DownstreamUdp): void {
    const sessions = this.#sessions.get(socket);
    sessions?.delete(key);
    if (sessions?.size === 0) this.#sessions.delete(socket);
    this.#activeCount--;
  }

  #statsOf(name: string): UdpClusterStats {
    if (this.#clusterStats?.name === name) return this.#clusterStats.stats;
    this.#clusterStats?.stats.scope.release();
    const stats = udpClusterStats(this.#worker.stats.scope(`cluster.${name}.udp`));
    this.#clusterStats = { name, stats };
    return stats;
  }
}
