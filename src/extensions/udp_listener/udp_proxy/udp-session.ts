import type { TimerWheel, WheelTimer } from "../../../base/timer-wheel.ts";
import type { DownstreamUdp } from "../../../net/udp-listener-filter.ts";
import { UdpSocket, type UdpSocketCallbacks } from "../../../net/udp-socket.ts";
import type { CircuitBreaker } from "../../../upstream/circuit-breaker.ts";
import type { ClusterConnectionStats } from "../../../upstream/cluster-stats.ts";
import type { Host } from "../../../upstream/host.ts";
import type { UdpClusterStats, UdpProxyStats } from "./stats.ts";

/** What a session needs of its filter and its cluster. */
export interface UdpSessionOptions {
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
  readonly connectionStats: ClusterConnectionStats;
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
  }

  get key(): string {
    return this.#options.key;
  }

  get host(): Host {
    return this.#options.host;
  }

  /** A datagram of the client. */
  forward(data: Buffer): void {
    const { stats, idleTimeoutMs } = this.#options;
    stats.rxBytes.add(data.length);
    stats.rxDatagrams.inc();
    this.#idle.arm(idleTimeoutMs);
    this.#socket.send(data, this.#onForwarded);
  }

  onDatagram(data: Buffer): void {
    const { clusterStats, connectionStats, downstream, ip, port, idleTimeoutMs } = this.#options;
    this.#idle.arm(idleTimeoutMs);
    if (data.length > this.#options.maxUpstreamDatagramBytes) {
      clusterStats.rxDatagramsDropped.inc();
      return;
    }
    clusterStats.rxDatagrams.inc();
    connectionStats.rxBytesTotal.add(data.length);
    downstream.sendTo(data, ip, port, this.#onAnswered);
  }

  onReceiveError(): void {
    this.#options.clusterStats.rxErrors.inc();
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
    this.#options.onClosed(this);
  }

  #onIdle(): void {
    this.#options.stats.idleTimeout.inc();
    this.close();
  }

  readonly #onForwarded = (error: Error | null, bytes: number): void => {
    if (this.#closed) return;
    const { clusterStats, connectionStats } = this.#options;
    if (error !== null) {
      clusterStats.txErrors.inc();
      return;
    }
    clusterStats.txDatagrams.inc();
    connectionStats.txBytesTotal.add(bytes);
  };

  readonly #onAnswered = (error: Error | null, bytes: number): void => {
    if (this.#closed) return;
    const { stats } = this.#options;
    if (error !== null) {
      stats.txErrors.inc();
      return;
    }
    stats.txBytes.add(bytes);
    stats.txDatagrams.inc();
  };
}
