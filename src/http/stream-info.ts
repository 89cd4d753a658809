import type { NamespacedMetadata } from "../match/metadata-path.ts";
import type { DownstreamConnectionInfo } from "../net/downstream-connection-info.ts";
import type { TlsConnectionInfo } from "../net/tls-connection-info.ts";
import type { Protocol, StreamBytes } from "./codec.ts";
import { type FailedAttempt, MAX_FAILED_ATTEMPTS } from "./failed-attempt.ts";
import type { Span, TraceReason } from "./span.ts";

/** Envoy's response flags: bit number by short name, in Envoy's order of output. */
export const ResponseFlag = {
  LH: 0,
  UH: 1,
  UT: 2,
  LR: 3,
  UR: 4,
  UF: 5,
  UC: 6,
  UO: 7,
  NR: 8,
  DI: 9,
  FI: 10,
  RL: 11,
  UAEX: 12,
  RLSE: 13,
  DC: 14,
  URX: 15,
  SI: 16,
  IH: 17,
  DPE: 18,
  UMSDR: 19,
  RFCF: 20,
  NFCF: 21,
  DT: 22,
  UPE: 23,
  NC: 24,
  OM: 25,
  DF: 26,
  DO: 27,
  DR: 28,
  UDO: 29,
} as const;
export type ResponseFlag = (typeof ResponseFlag)[keyof typeof ResponseFlag];

/** Envoy's long name of each response flag, by bit number. */
export const RESPONSE_FLAG_LONG_NAMES: readonly string[] = [
  "FailedLocalHealthCheck",
  "NoHealthyUpstream",
  "UpstreamRequestTimeout",
  "LocalReset",
  "UpstreamRemoteReset",
  "UpstreamConnectionFailure",
  "UpstreamConnectionTermination",
  "UpstreamOverflow",
  "NoRouteFound",
  "DelayInjected",
  "FaultInjected",
  "RateLimited",
  "UnauthorizedExternalService",
  "RateLimitServiceError",
  "DownstreamConnectionTermination",
  "UpstreamRetryLimitExceeded",
  "StreamIdleTimeout",
  "InvalidEnvoyRequestHeaders",
  "DownstreamProtocolError",
  "UpstreamMaxStreamDurationReached",
  "ResponseFromCacheFilter",
  "NoFilterConfigFound",
  "DurationTimeout",
  "UpstreamProtocolError",
  "NoClusterFound",
  "OverloadManagerTerminated",
  "DnsResolutionFailed",
  "DropOverload",
  "DownstreamRemoteReset",
  "UnconditionalDropOverload",
];

/** The attempt that gave, or was to give, the response. */
export interface UpstreamInfo {
  /** `ip:port` of the host; `""` until one was chosen. */
  hostAddress: string;
  hostName: string;
  localAddress: string;
  /** For people: `alt_stat_name` of the cluster, or its name. */
  clusterName: string;
  /** The cluster's own name. */
  clusterRawName: string;
  connectionId: number;
  protocol: Protocol | "";
  attemptCount: number;
  transportFailureReason: string;
  /** What the codec said when it gave the stream up; `""` if it did not. */
  codecFailure: string;
  /** Static metadata of the host and of its cluster, by namespace; null until one was chosen. */
  hostMetadata: NamespacedMetadata | null;
  clusterMetadata: NamespacedMetadata | null;
  /** What the handshake with the host agreed upon; null without TLS, and until it is connected. */
  tls: TlsConnectionInfo | null;
  /** Times on the worker's clock; -1 until they happened. */
  poolAskedAtMs: number;
  connectedAtMs: number;
  firstByteSentAtMs: number;
  lastByteSentAtMs: number;
  firstByteReceivedAtMs: number;
  firstBodyByteReceivedAtMs: number;
  lastByteReceivedAtMs: number;
  /** Of bodies. */
  bytesSent: number;
  bytesReceived: number;
  /** What the attempt has cost on the wire; null for plain TCP, and until it has a connection. */
  wire: StreamBytes | null;
}

/**
 * All that is recorded about one stream while it lives: read by access logs, header formatters, filters and inspection;
 * written by the connection manager, the router and filters. One per request, on the request's worker.
 * Times are on the worker's monotonic clock, -1 until they happened; `startWallMs` is for people.
 */
export class StreamInfo {
  readonly connection: DownstreamConnectionInfo;
  readonly startMs: number;
  readonly startWallMs: number;
  /** `""` for a plain TCP connection. */
  protocol: Protocol | "";
  responseCode = 0;
  /** `via_upstream`, `route_not_found`, …; `""` until known. */
  responseCodeDetails = "";
  connectionTerminationDetails = "";
  /** What people are told beyond the flag of why it failed, on `/explain/last`. */
  failureNote = "";
  /** Bit set of `ResponseFlag`. */
  responseFlags = 0;
  /** Of bodies. */
  bytesReceived = 0;
  bytesSent = 0;
  /** What the stream has cost on the wire; null for plain TCP. */
  wire: StreamBytes | null = null;
  requestHeadersBytes = 0;
  responseHeadersBytes = 0;
  requestLastByteMs = -1;
  responseFirstByteMs = -1;
  responseLastByteMs = -1;
  completedMs = -1;
  routeName = "";
  virtualHostName = "";
  virtualClusterName = "";
  /** Whether the request is a health check that a filter answered or marked. */
  healthCheck = false;
  /** The request asks to switch to another protocol: what follows its head is for nobody until that is accepted. */
  asksUpgrade = false;
  /** Hosts may be told of the client's connection only what its PROXY protocol header has said. */
  hidesAddresses = false;
  /** How often an internal redirect has sent the request elsewhere. */
  internalRedirects = 0;
  /** Routes that internal redirects have led to, each with the one it came from. Null until somebody wants to know. */
  redirectedRoutes: Set<string> | null = null;
  /** Static metadata of the route taken, by namespace. Null until a route was found. */
  routeMetadata: NamespacedMetadata | null = null;
  virtualHostMetadata: NamespacedMetadata | null = null;
  requestId = "";
  /** Why the request is traced, if it is. */
  traceReason: TraceReason = "notTraceable";
  /** The request's span; null without tracing. */
  span: Span | null = null;
  localReplyBody = "";
  /** Client address without port, after `x-forwarded-for` was weighed. */
  downstreamRemoteIp = "";
  /** The host (`ip:port`) that a filter wants the request to go to; `strict` = rather none than another. Null = no wish. */
  upstreamOverrideHost: { readonly address: string; readonly strict: boolean } | null = null;
  /** Null until a host was chosen. */
  upstream: UpstreamInfo | null = null;
  /** Attempts that ended without the response, oldest first. Null if there were none. */
  failedAttempts: FailedAttempt[] | null = null;
  /** Dynamic metadata by namespace. Null until a filter sets one. */
  dynamicMetadata: Map<string, Record<string, unknown>> | null = null;
  /** Filter state by key, that of the connection at first. Null until a filter sets one. */
  filterState: Map<string, unknown> | null = null;
  /** Keys of the filter state that keep their value. Null until there is one. */
  #lockedFilterState: Set<string> | null = null;

  constructor(connection: DownstreamConnectionInfo, protocol: Protocol | "", startMs: number, startWallMs: number) {
    this.connection = connection;
    this.protocol = protocol;
    this.startMs = startMs;
    this.startWallMs = startWallMs;
    const shared = connection.stateIfAny?.filterState;
    if (shared != null) this.filterState = new Map(shared);
  }

  /** What is recorded of the same request from its restart (an internal redirect) on; times as in the constructor. */
  restarted(startMs: number, startWallMs: number): StreamInfo {
    const next = new StreamInfo(this.connection, this.protocol, startMs, startWallMs);
    next.requestLastByteMs = startMs;
    next.bytesReceived = this.bytesReceived;
    next.wire = this.wire;
    next.hidesAddresses = this.hidesAddresses;
    next.internalRedirects = this.internalRedirects;
    next.redirectedRoutes = this.redirectedRoutes;
    next.requestId = this.requestId;
    next.downstreamRemoteIp = this.downstreamRemoteIp;
    next.filterState = this.filterState;
    next.#lockedFilterState = this.#lockedFilterState;
    return next;
  }

  setResponseFlag(flag: ResponseFlag): void {
    this.responseFlags |= 1 << flag;
  }

  hasResponseFlag(flag: ResponseFlag): boolean {
    return (this.responseFlags & (1 << flag)) !== 0;
  }

  /** Notes an attempt that ended without the response; of very many, the first ones. */
  noteFailedAttempt(host: string, reason: string, transportFailure: string, endedAtMs: number): void {
    this.failedAttempts ??= [];
    if (this.failedAttempts.length >= MAX_FAILED_ATTEMPTS) return;
    this.failedAttempts.push({ host, reason, transportFailure, endedAtMs });
  }

  /** The upstream half, made on first use. */
  ensureUpstream(): UpstreamInfo {
    this.upstream ??= createUpstreamInfo();
    return this.upstream;
  }

  /** Metadata of one namespace, made on first use. */
  metadata(namespace: string): Record<string, unknown> {
    this.dynamicMetadata ??= new Map();
    let entry = this.dynamicMetadata.get(namespace);
    if (entry === undefined) {
      entry = Object.create(null) as Record<string, unknown>;
      this.dynamicMetadata.set(namespace, entry);
    }
    return entry;
  }

  /**
   * Sets a key of the filter state; `readOnly` locks it. A key that is locked stays as it is, and so does one of the connection, as in Envoy: answers
   * false.
   */
  setFilterState(key: string, value: unknown, readOnly: boolean): boolean {
    if (this.connection.stateIfAny?.filterState?.has(key) === true) return false;
    if (this.#lockedFilterState?.has(key) === true) return false;
    this.filterState ??= new Map();
    this.filterState.set(key, value);
    if (readOnly) {
      this.#lockedFilterState ??= new Set();
      this.#lockedFilterState.add(key);
    }
    return true;
  }
}

/** An attempt of which nothing is known yet. */
export function createUpstreamInfo(): UpstreamInfo {
  return {
    hostAddress: "",
    hostName: "",
    localAddress: "",
    clusterName: "",
    clusterRawName: "",
    connectionId: 0,
    protocol: "",
    attemptCount: 0,
    transportFailureReason: "",
    codecFailure: "",
    hostMetadata: null,
    clusterMetadata: null,
    tls: null,
    poolAskedAtMs: -1,
    connectedAtMs: -1,
    firstByteSentAtMs: -1,
    lastByteSentAtMs: -1,
    firstByteReceivedAtMs: -1,
    firstBodyByteReceivedAtMs: -1,
    lastByteReceivedAtMs: -1,
    bytesSent: 0,
    bytesReceived: 0,
    wire: null,
  };
}
