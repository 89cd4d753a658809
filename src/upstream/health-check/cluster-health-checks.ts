import { isDeepStrictEqual } from "node:util";
import type { RandomSource } from "../../base/random.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import { type Http2CodecStats, http2CodecStats, NO_HTTP2_CODEC_STATS } from "../../http/http2/codec-stats.ts";
import { formatAddress } from "../../net/address.ts";
import type { StatsScope } from "../../stats/scope.ts";
import type { EndpointData } from "../cluster-data.ts";
import type { UpstreamTransportSocketMaker } from "../pool/pool-environment.ts";
import { ScopeTree } from "../scope-tree.ts";
import { TransportSockets } from "../transport-sockets.ts";
import { checkEventJson } from "./check-event.ts";
import { type CheckTransport, checkTarget } from "./check-target.ts";
import { GrpcProbe } from "./grpc-probe.ts";
import type { HealthCheckData } from "./health-check-data.ts";
import { HealthCheckStats } from "./health-check-stats.ts";
import { type CheckEvent, HostHealthCheck } from "./host-health-check.ts";
import { HttpProbe } from "./http-probe.ts";
import type { Probe, ProbeResult, ProbeTarget } from "./probe.ts";
import { TcpProbe } from "./tcp-probe.ts";

/** What the checks of a cluster work with. */
export interface ClusterHealthChecksOptions {
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  /** The main thread's root scope. */
  readonly stats: StatsScope;
  readonly makeTransportSocket: UpstreamTransportSocketMaker;
  /** Whether the cluster of that observability name has ever had an upstream connection. */
  hasTraffic(observabilityName: string): boolean;
  /** Writes an event to the log of that path. */
  log(path: string, event: object): void;
  /** A check of this host is over; its flags may have changed. */
  onChecked(address: string, healthy: boolean): void;
}

interface CheckedHost {
  readonly endpoint: EndpointData;
  readonly check: HostHealthCheck;
}

/**
 * The active checks of all hosts of one cluster. Main thread: each host is checked once, whatever the number of workers.
 * Differs from Envoy: a host that discovery no longer names goes at once, as if `ignore_health_on_host_removal` were set.
 */
export class ClusterHealthChecks {
  readonly #cluster: string;
  readonly #observabilityName: string;
  readonly #options: ClusterHealthChecksOptions;
  readonly #scope: ScopeTree;
  readonly #stats: HealthCheckStats;
  /** Made for the first check that speaks HTTP/2. */
  #http2Stats: Http2CodecStats | null = null;
  #transport: CheckTransport | null = null;
  #health: HealthCheckData | null = null;
  #hosts = new Map<string, CheckedHost>();

  /** Nothing is checked before the first `update`. */
  constructor(cluster: string, observabilityName: string, options: ClusterHealthChecksOptions) {
    this.#cluster = cluster;
    this.#observabilityName = observabilityName;
    this.#options = options;
    this.#scope = new ScopeTree(options.stats.scope(`cluster.${observabilityName}`));
    this.#stats = new HealthCheckStats(this.#scope);
  }

  /**
   * Checks these hosts from now on, and no others; `health` null = none. Hosts that are checked as before go on, others start anew from
   * what is known of them. Of several endpoints with one address the last counts.
   */
  update(endpoints: readonly EndpointData[], health: HealthCheckData | null): void {
    const sameChecks = isDeepStrictEqual(this.#health, health);
    if (!sameChecks) this.#transport = this.#makeTransport(health);
    this.#health = health;
    const wanted = new Map<string, EndpointData>();
    for (const endpoint of health === null ? [] : endpoints) {
      if (endpoint.healthCheck?.disabled !== true) wanted.set(formatAddress(endpoint.address), endpoint);
    }
    for (const [address, { check }] of this.#hosts) {
      if (wanted.has(address)) continue;
      check.close();
      this.#hosts.delete(address);
    }
    for (const [address, endpoint] of wanted) {
      const known = this.#hosts.get(address);
      if (known !== undefined && sameChecks && isCheckedAlike(known.endpoint, endpoint)) {
        this.#hosts.set(address, { endpoint, check: known.check });
      } else {
        this.#start(address, endpoint, health!, known?.check);
      }
    }
  }

  /** Bits of `HealthFlag` of a host; 0 if it is not checked. */
  flagsOf(address: string): number {
    return this.#hosts.get(address)?.check.flags ?? 0;
  }

  /** Why the last check of a host failed, and for how long all have; undefined if it went well or there was none. */
  troubleOf(address: string): HostHealthCheck["trouble"] {
    return this.#hosts.get(address)?.check.trouble;
  }

  /** The host itself said, in an answer to a request, that it fails. Nothing happens if it is not checked. */
  failImmediately(address: string): void {
    this.#hosts.get(address)?.check.failImmediately();
  }

  /** How many hosts wait for their first check. */
  get pendingCount(): number {
    let count = 0;
    for (const { check } of this.#hosts.values()) if (!check.isChecked) count++;
    return count;
  }

  /** Whether one of these hosts waits for its first check. */
  isPending(endpoints: readonly EndpointData[]): boolean {
    return endpoints.some(({ address }) => this.#hosts.get(formatAddress(address))?.check.isChecked === false);
  }

  /** No more checks. */
  close(): void {
    for (const { check } of this.#hosts.values()) check.close();
    this.#hosts.clear();
    this.#scope.release();
  }

  #start(address: string, endpoint: EndpointData, health: HealthCheckData, before: HostHealthCheck | undefined): void {
    const { timers, random, hasTraffic, onChecked } = this.#options;
    const target = checkTarget(this.#cluster, endpoint, health, this.#transport);
    before?.close();
    const check = new HostHealthCheck({
      data: health,
      timers,
      random,
      stats: this.#stats,
      hasTraffic: () => hasTraffic(this.#observabilityName),
      makeProbe: (onResult) => this.#makeProbe(health, target, onResult),
      onChecked: (healthy) => onChecked(address, healthy),
      onEvent: (event) => this.#log(health, endpoint, event),
    });
    this.#hosts.set(address, { endpoint, check });
    check.start(before);
  }

  #makeProbe(
    { check, reuseConnection }: HealthCheckData,
    target: ProbeTarget,
    onResult: (result: ProbeResult) => void,
  ): Probe {
    if (check.type === "tcp") return new TcpProbe(check, reuseConnection, target, onResult);
    const { timers, random } = this.#options;
    if (check.type === "grpc" || check.http2) this.#http2Stats ??= http2CodecStats(this.#scope.scope("http2"));
    const environment = {
      timers,
      random,
      http2Stats: this.#http2Stats ?? NO_HTTP2_CODEC_STATS,
      onVerifyCluster: () => this.#stats.verifyCluster.inc(),
    };
    return check.type === "grpc"
      ? new GrpcProbe(check, reuseConnection, target, environment, onResult)
      : new HttpProbe(check, reuseConnection, target, environment, onResult);
  }

  #makeTransport(health: HealthCheckData | null): CheckTransport | null {
    const data = health?.transport ?? null;
    if (data === null) return null;
    const sockets = new TransportSockets(data, (socket) => this.#options.makeTransportSocket(socket, this.#scope));
    return { sockets, data };
  }

  #log({ eventLogPaths, check }: HealthCheckData, endpoint: EndpointData, event: CheckEvent): void {
    const wallMs = this.#options.timers.clock.wallMs();
    for (const path of eventLogPaths) {
      this.#options.log(path, checkEventJson(check.type, this.#cluster, endpoint, event, wallMs));
    }
  }
}

/** Metadata may ask for another transport socket. */
function isCheckedAlike(a: EndpointData, b: EndpointData): boolean {
  return isDeepStrictEqual(a.healthCheck, b.healthCheck) && isDeepStrictEqual(a.metadata, b.metadata);
}
