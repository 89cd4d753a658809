import { JitteredBackOff } from "../../../base/jittered-back-off.ts";
import type { WheelTimer } from "../../../base/timer-wheel.ts";
import type { FormatContext } from "../../../http/format/format-context.ts";
import { ResponseFlag, StreamInfo, type UpstreamInfo } from "../../../http/stream-info.ts";
import { criteriaInWords } from "../../../lb/criteria-in-words.ts";
import { ipOfAddress } from "../../../net/address.ts";
import type { ConnectionCloseEvent } from "../../../net/connection-callbacks.ts";
import type { ConnectionUse } from "../../../net/connection-use.ts";
import { FilterStatus, type ReadFilter, type ReadFilterCallbacks } from "../../../net/network-filter.ts";
import { useReadBuffer } from "../../../net/read-buffer.ts";
import type { ClusterInfo } from "../../../upstream/cluster-info.ts";
import type { Host } from "../../../upstream/host.ts";
import { connectionWishes } from "../../../upstream/pool/connection-wishes.ts";
import type { PoolFailureReason } from "../../../upstream/pool/http-conn-pool.ts";
import type { PendingTcpConnection, TcpPoolCallbacks, TcpUpstream } from "../../../upstream/pool/tcp-upstream.ts";
import { chooseCluster } from "./cluster-choice.ts";
import { goesWithoutTunnel, idleTimeoutMs, maxDurationMs } from "./connection-wants.ts";
import { HttpTunnel } from "./http-tunnel.ts";
import { IdleTimer } from "./idle-timer.ts";
import { TcpLoadBalancerContext } from "./tcp-load-balancer-context.ts";
import type { TcpClusterData } from "./tcp-proxy-data.ts";
import type { TcpProxyRuntime } from "./tcp-proxy-runtime.ts";
import { UpstreamFlush } from "./upstream-flush.ts";
import { UpstreamSide, type UpstreamSideOwner } from "./upstream-side.ts";

/** The reason of a connection's end that was a reset. */
const RESET = "ECONNRESET";

/**
 * One proxied connection: opens one to a host of the cluster and moves bytes both ways, with half-close and back-pressure. Until it
 * is connected the client is not read. The last network filter of its chain. Source: Envoy's `TcpProxy::Filter`.
 * Differs from Envoy: a reset on one side becomes one on the other (in Envoy only with tunnels), so that neither takes a broken stream
 * for a whole one; an open circuit breaker is never tried again; and clusters must be there when the configuration is loaded.
 */
export class TcpProxy implements ReadFilter, TcpPoolCallbacks, UpstreamSideOwner {
  readonly #runtime: TcpProxyRuntime;
  #callbacks!: ReadFilterCallbacks;
  #info!: StreamInfo;
  #cluster!: TcpClusterData;
  #clusterInfo: ClusterInfo | null = null;
  #pending: PendingTcpConnection | null = null;
  #upstream: TcpUpstream | null = null;
  #attempts = 0;
  #lastActivityMs = -1;
  #closed = false;
  #idle: IdleTimer | null = null;
  #durationTimer: WheelTimer | null = null;
  #logTimer: WheelTimer | null = null;
  /** Null before the first wait. */
  #retryTimer: WheelTimer | null = null;
  #backOff: JitteredBackOff | null = null;

  constructor(runtime: TcpProxyRuntime) {
    this.#runtime = runtime;
  }

  initialize(callbacks: ReadFilterCallbacks): void {
    const { stats, clock } = this.#runtime;
    this.#callbacks = callbacks;
    this.#info = new StreamInfo(callbacks.info, "", clock.nowMs(), clock.wallMs());
    this.#info.downstreamRemoteIp = ipOfAddress(callbacks.info.remoteAddress);
    stats.cxTotal.inc();
    callbacks.connection.setStats(stats.connection);
    if (callbacks.isOnlyFilter && useReadBuffer(callbacks.connection.socket)) {
      callbacks.connection.setLoanReader((bytes) => this.#onLentData(bytes));
    }
    callbacks.connection.readDisable(true);
  }

  onNewConnection(): FilterStatus {
    const { data, random } = this.#runtime;
    this.#startTimers();
    this.#cluster = chooseCluster(data, this.#callbacks.state, random);
    this.#connect();
    return FilterStatus.stopIteration;
  }

  // ---- from the client ----

  onData(data: Buffer, endStream: boolean): FilterStatus {
    const upstream = this.#upstream?.connection;
    if (upstream === undefined) return FilterStatus.stopIteration;
    const nowMs = this.#noteData(data.length);
    if (data.length > 0) upstream.write(data);
    if (endStream) {
      this.#info.requestLastByteMs = nowMs;
      this.#info.upstream!.lastByteSentAtMs = nowMs;
      upstream.closeWrite();
    }
    return FilterStatus.stopIteration;
  }

  onAboveWriteBufferHighWatermark(): void {
    if (this.#upstream === null) return;
    this.#upstream.connection.readDisable(true);
    this.#clusterInfo!.stats.flow.pausedReading.inc();
  }

  onBelowWriteBufferLowWatermark(): void {
    if (this.#upstream === null) return;
    this.#upstream.connection.readDisable(false);
    this.#clusterInfo!.stats.flow.resumedReading.inc();
  }

  onClose(event: ConnectionCloseEvent, reason: string): void {
    this.#closed = true;
    this.#pending?.cancel();
    this.#pending = null;
    this.#durationTimer?.disarm();
    this.#logTimer?.disarm();
    this.#retryTimer?.disarm();
    const upstream = this.#releaseUpstream();
    if (upstream?.connection.isOpen === true) this.#leaveUpstream(upstream, event, reason);
    this.#info.completedMs = this.#runtime.clock.nowMs();
    if (this.#info.responseFlags !== 0) this.#runtime.failures?.note(this.#info, null);
    this.#log("TcpConnectionEnd");
  }

  /** TCP has no message boundaries: a connection of a draining listener goes on until the drain time is over, as in Envoy. */
  onDrain(): void {}
  closeIfIdle(): void {}

  describe(): ConnectionUse {
    const upstream = this.#info.upstream;
    return {
      protocol: "TCP",
      requests: 0,
      activeStreams: 0,
      lastActivityMs: this.#lastActivityMs,
      cluster: upstream?.clusterName ?? this.#cluster?.name ?? "",
      host: upstream?.hostAddress ?? "",
      attempt: this.#attempts,
    };
  }

  // ---- from the pool ----

  onTcpPoolReady(upstream: TcpUpstream, host: Host): void {
    const { data, timers } = this.#runtime;
    const { connection } = this.#callbacks;
    this.#pending = null;
    this.#upstream = upstream;
    this.#runtime.clusters.get(this.#cluster.name)?.outlierOf(host)?.served(host);
    const info = this.#noteHost(host);
    info.localAddress = upstream.connection.localAddress;
    info.connectionId = upstream.connection.id;
    info.connectedAtMs = upstream.connectedAtMs;
    info.tls = upstream.tls;
    info.transportFailureReason = "";
    upstream.setCallbacks(new UpstreamSide(this));
    upstream.connection.setLoanReader((bytes) => this.#onLentUpstreamData(bytes));
    const idleMs = idleTimeoutMs(data, this.#callbacks.state);
    if (idleMs > 0) {
      const both = [connection, upstream.connection];
      this.#idle = new IdleTimer(timers, idleMs, both, () => this.#onIdleTimeout());
    }
    connection.readDisable(false);
    this.#callbacks.continueReading();
    if (data.flushAccessLogOnConnected) this.#log("TcpUpstreamConnected");
  }

  onTcpPoolFailure(reason: PoolFailureReason, transportFailureReason: string, host: Host): void {
    this.#pending = null;
    this.#noteHost(host).transportFailureReason = transportFailureReason;
    if (reason !== "overflow") this.#runtime.clusters.get(this.#cluster.name)?.outlierOf(host)?.failed(host);
    if (this.#closed) return;
    if (reason === "overflow") {
      this.#fail(ResponseFlag.UO);
      return;
    }
    if (reason !== "localConnectionFailure") this.#info.setResponseFlag(ResponseFlag.UF);
    this.#connectAgain();
  }

  // ---- from the upstream connection ----

  onUpstreamData(data: Buffer): void {
    this.#noteUpstreamData(data.length);
    this.#callbacks.connection.write(data);
  }

  onUpstreamEnd(): void {
    this.#info.upstream!.lastByteReceivedAtMs = this.#noteActivity();
    this.#callbacks.connection.closeWrite();
  }

  onUpstreamClose(_event: ConnectionCloseEvent, reason: string): void {
    if (this.#releaseUpstream() === null) return;
    const { connection } = this.#callbacks;
    if (reason !== RESET) {
      connection.close("flushWrite");
      return;
    }
    this.#info.setResponseFlag(ResponseFlag.UR);
    connection.close("abortReset");
  }

  onUpstreamBackedUp(backedUp: boolean): void {
    if (this.#upstream === null) return;
    const { stats } = this.#runtime;
    this.#callbacks.connection.readDisable(backedUp);
    (backedUp ? stats.flowPaused : stats.flowResumed).inc();
    const { flow } = this.#clusterInfo!.stats;
    (backedUp ? flow.backedUp : flow.drained).inc();
  }

  // ---- inside ----

  /** Large reads are written on from where they were read to, without a copy: see `ReadBuffer`. */
  #onLentData(data: Buffer): boolean {
    if (this.#upstream === null) return false;
    this.#noteData(data.length);
    return this.#upstream.connection.writeLent(data);
  }

  #onLentUpstreamData(data: Buffer): boolean {
    if (this.#upstream === null) return false;
    this.#noteUpstreamData(data.length);
    return this.#callbacks.connection.writeLent(data);
  }

  #noteData(length: number): number {
    const nowMs = this.#noteActivity();
    const info = this.#info.upstream!;
    if (info.firstByteSentAtMs < 0) info.firstByteSentAtMs = nowMs;
    info.bytesSent += length;
    this.#info.bytesReceived += length;
    return nowMs;
  }

  #noteUpstreamData(length: number): void {
    const nowMs = this.#noteActivity();
    const info = this.#info.upstream!;
    if (info.firstByteReceivedAtMs < 0) info.firstByteReceivedAtMs = nowMs;
    info.bytesReceived += length;
    this.#info.bytesSent += length;
  }

  #startTimers(): void {
    const { data, timers, random } = this.#runtime;
    if (data.maxDownstreamConnectionDurationMs > 0) {
      this.#durationTimer = timers.timer(() => this.#onMaxDuration());
      this.#durationTimer.arm(maxDurationMs(data, random));
    }
    if (data.accessLogFlushIntervalMs > 0) {
      const timer = timers.timer(() => {
        this.#log("TcpPeriodic");
        timer.arm(data.accessLogFlushIntervalMs);
      });
      this.#logTimer = timer;
      timer.arm(data.accessLogFlushIntervalMs);
    }
  }

  /** Begins the next attempt to connect, if there may be one. */
  #connect(): void {
    const { data, clusters, stats, tunnel, timers } = this.#runtime;
    const cluster = clusters.get(this.#cluster.name);
    if (cluster === undefined) {
      stats.cxNoRoute.inc();
      this.#info.failureNote = this.#cluster.name;
      this.#fail(ResponseFlag.NC);
      return;
    }
    this.#clusterInfo = cluster.info;
    const upstream = this.#info.ensureUpstream();
    upstream.clusterName = cluster.info.observabilityName;
    upstream.clusterRawName = cluster.info.name;
    if (this.#attempts >= data.maxConnectAttempts) {
      cluster.info.stats.cx.connectAttemptsExceeded.inc();
      this.#fail(ResponseFlag.URX);
      return;
    }
    const context = new TcpLoadBalancerContext(data.hashPolicy, this.#cluster.metadataMatch, this.#callbacks);
    const host = cluster.chooseHost(context);
    if (host === null) {
      this.#info.failureNote = criteriaInWords(this.#cluster.metadataMatch);
      this.#fail(ResponseFlag.UH);
      return;
    }
    this.#attempts++;
    this.#info.ensureUpstream().attemptCount = this.#attempts;
    const wishes = connectionWishes(cluster.info.wishes, this.#info.connection, null);
    const { state } = this.#callbacks;
    if (tunnel === null || goesWithoutTunnel(state)) {
      this.#pending = cluster.tcpPool(host).newConnection(this, wishes);
      return;
    }
    const headers = tunnel.headers(this.#logContext("NotSet"));
    this.#pending = HttpTunnel.open(cluster, host, headers, tunnel.record(state), wishes, this, timers);
  }

  /** Begins the next attempt, now or after a wait. */
  #connectAgain(): void {
    const { data, timers, random } = this.#runtime;
    if (data.backOff === null || this.#attempts >= data.maxConnectAttempts) {
      this.#connect();
      return;
    }
    this.#backOff ??= new JitteredBackOff(data.backOff.baseMs, data.backOff.maxMs, random);
    this.#retryTimer ??= timers.timer(() => this.#connect());
    this.#retryTimer.arm(this.#backOff.nextMs());
  }

  #fail(flag: ResponseFlag): void {
    this.#info.setResponseFlag(flag);
    this.#callbacks.connection.close("noFlush");
  }

  #noteHost(host: Host): UpstreamInfo {
    const info = this.#info.ensureUpstream();
    info.hostAddress = host.addressText;
    info.hostName = host.hostname;
    info.hostMetadata = host.metadata;
    info.clusterMetadata = this.#clusterInfo?.metadata ?? null;
    return info;
  }

  #noteActivity(): number {
    const nowMs = this.#runtime.clock.nowMs();
    this.#lastActivityMs = nowMs;
    if (this.#idle !== null) this.#idle.lastActivityMs = nowMs;
    return nowMs;
  }

  /** The upstream connection, of whose events nothing more is heard here; null if there is none. */
  #releaseUpstream(): TcpUpstream | null {
    const upstream = this.#upstream;
    this.#upstream = null;
    this.#idle?.stop();
    return upstream;
  }

  /** The client is gone. What it sent before it left must still arrive, unless it broke off. */
  #leaveUpstream(upstream: TcpUpstream, event: ConnectionCloseEvent, reason: string): void {
    const { connection } = upstream;
    if (event === "localClose") connection.close("noFlush");
    else if (reason === RESET) connection.close("abortReset");
    else if (connection.writeBufferedBytes > 0) new UpstreamFlush(this.#runtime, upstream);
    else connection.close("flushWrite");
  }

  #onIdleTimeout(): void {
    this.#runtime.stats.idleTimeout.inc();
    this.#callbacks.connection.close("noFlush");
  }

  #onMaxDuration(): void {
    this.#info.setResponseFlag(ResponseFlag.DT);
    this.#runtime.stats.maxDownstreamConnectionDuration.inc();
    this.#callbacks.connection.close("noFlush");
  }

  #log(accessLogType: string): void {
    const { accessLogs } = this.#runtime;
    if (accessLogs.length === 0) return;
    const context = this.#logContext(accessLogType);
    for (const log of accessLogs) log.log(context);
  }

  /** What is known of the connection now. */
  #logContext(accessLogType: string): FormatContext {
    const { state } = this.#callbacks;
    const streamInfo = this.#info;
    streamInfo.connectionTerminationDetails = state.terminationDetails;
    streamInfo.dynamicMetadata = state.dynamicMetadata;
    streamInfo.filterState = state.filterState;
    return { requestHeaders: null, responseHeaders: null, responseTrailers: null, streamInfo, accessLogType };
  }
}
