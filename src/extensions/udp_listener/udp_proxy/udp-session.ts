import type { TimerWheel, WheelTimer } from "../../../base/timer-wheel.ts";
import { formatIpPort } from "../../../net/address.ts";
import type { DownstreamUdp, UdpSessionUse } from "../../../net/udp-listener-filter.ts";
import { UdpSocket, type UdpSocketCallbacks } from "../../../net/udp-socket.ts";
import type { CircuitBreaker } from "../../../upstream/circuit-breaker/circuit-breaker.ts";
import type { ClusterInfo } from "../../../upstream/cluster-info.ts";
import type { Host } from "../../../upstream/host.ts";
import type { UdpClusterStats, UdpProxyStats } from "./stats.ts";
import type { UdpSessionCounts, UdpSessionLog } from "./udp-session-log.ts";

/** What a session needs of its filter and its cluster. */
export interface UdpSessionOptions {
  /** For people who ask. */
  readonly id: number;
  /** By what its filter finds it. */
  readonly key: string;
  readonly ip: string;
  readonly port: number;
  /** Where the client's datagrams come, and answers go. */
  readonly downstream: DownstreamUdp;
  /** Of an IP address. */
  readonly host: Host;
  readonly hostIp: string;
  readonly hostPort: number;
  readonly stats: UdpProxyStats;
  readonly clusterStats: UdpClusterStats;
  readonly cluster: ClusterInfo;
  readonly log: UdpSessionLog;
  /** One has been acquired; the session gives it back. */
  readonly breaker: CircuitBreaker;
  readonly timers: TimerWheel;
  readonly idleTimeoutMs: number;
  readonly maxUpstreamDatagramBytes: number;
  /** It is over; told once. */
  onClosed(session: UdpSession): void;
}

/**
 * What a client says to a host by UDP, and back, on a socket of its own to that host. Ends when nothing has come from either side for the idle
 * timeout, or when its filter ends it. Source: Envoy's `UdpProxyFilter::ActiveSession`.
 */
export class UdpSession implements UdpSocketCallbacks {
  readonly #options: UdpSessionOptions;
  readonly #socket: UdpSocket;
  readonly #idle: WheelTimer;
  readonly #startedAtMs: number;
  readonly #localAddress: string;
  readonly #counts: UdpSessionCounts = {
    bytesReceived: 0,
    bytesSent: 0,
    datagramsReceived: 0,
    datagramsSent: 0,
    errorsSent: 0,
  };
  #lastActivityMs: number;
  #closed = false;

  constructor(options: UdpSessionOptions) {
    this.#options = options;
    const { stats, host, timers } = options;
    stats.sessTotal.inc();
    stats.sessActive.inc();
    host.stats.cxTotal++;
    host.stats.cxActive++;
    this.#socket = UdpSocket.connected(options.hostIp, options.hostPort, this);
    this.#idle = timers.timer(() => this.#onIdle());
    this.#startedAtMs = timers.clock.nowMs();
    this.#lastActivityMs = this.#startedAtMs;
    // The listener's socket may be gone when the session ends.
    this.#localAddress = options.downstream.localAddress;
  }

  get key(): string {
    return this.#options.key;
  }

  get id(): number {
    return this.#options.id;
  }

  get host(): Host {
    return this.#options.host;
  }

  /** A datagram of the client. */
  forward(data: Buffer): void {
    const { stats } = this.#options;
    stats.rxBytes.add(data.length);
    stats.rxDatagrams.inc();
    this.#counts.bytesReceived += data.length;
    this.#counts.datagramsReceived++;
    this.#active();
    this.#socket.send(data, this.#onForwarded);
  }

  onDatagram(data: Buffer): void {
    const { clusterStats, cluster, downstream, ip, port } = this.#options;
    this.#active();
    if (data.length > this.#options.maxUpstreamDatagramBytes) {
      clusterStats.rxDatagramsDropped.inc();
      return;
    }
    clusterStats.rxDatagrams.inc();
    cluster.stats.cx.rxBytesTotal.add(data.length);
    downstream.sendTo(data, ip, port, this.#onAnswered);
  }

  onReceiveError(): void {
    this.#options.clusterStats.rxErrors.inc();
  }

  /** For people who ask. */
  describe(): UdpSessionUse {
    const { id, ip, port, cluster, host } = this.#options;
    return {
      id,
      peer: formatIpPort(ip, port),
      local: this.#localAddress,
      startMs: this.#startedAtMs,
      lastActivityMs: this.#lastActivityMs,
      bytesReceived: this.#counts.bytesReceived,
      bytesSent: this.#counts.bytesSent,
      cluster: cluster.name,
      host: host.addressText,
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    const { stats, host, breaker } = this.#options;
    this.#idle.disarm();
    this.#socket.close();
    stats.sessActive.dec();
    host.stats.cxActive--;
    breaker.release();
    const { ip, port, cluster, log } = this.#options;
    const place = { ip, port, localAddress: this.#localAddress, startedAtMs: this.#startedAtMs };
    log.ended({ ...place, cluster, host }, this.#counts);
    this.#options.onClosed(this);
  }

  /** Something came from either side. */
  #active(): void {
    this.#lastActivityMs = this.#options.timers.clock.nowMs();
    this.#idle.arm(this.#options.idleTimeoutMs);
  }

  #onIdle(): void {
    this.#options.stats.idleTimeout.inc();
    this.close();
  }

  readonly #onForwarded = (error: Error | null, bytes: number): void => {
    if (this.#closed) return;
    const { clusterStats, cluster } = this.#options;
    if (error !== null) {
      clusterStats.txErrors.inc();
      return;
    }
    clusterStats.txDatagrams.inc();
    cluster.stats.cx.txBytesTotal.add(bytes);
  };

  readonly #onAnswered = (error: Error | null, bytes: number): void => {
    if (this.#closed) return;
    const { stats } = this.#options;
    if (error !== null) {
      stats.txErrors.inc();
      this.#counts.errorsSent++;
      return;
    }
    stats.txBytes.add(bytes);
    stats.txDatagrams.inc();
    this.#counts.bytesSent += bytes;
    this.#counts.datagramsSent++;
  };
}
