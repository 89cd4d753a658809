import { type Http2CodecStats, http2CodecStats } from "../http/http2/codec-stats.ts";
import type { HashRingStats } from "../lb/hash/hash-ring.ts";
import type { MaglevStats } from "../lb/hash/maglev-table.ts";
import type { SubsetStats } from "../lb/subset-load-balancer.ts";
import type { ZoneAwareStats } from "../lb/zone-aware.ts";
import type { ConnectionStats } from "../net/connection-callbacks.ts";
import type { Counter, Gauge, Histogram, StatsScope } from "../stats/scope.ts";
import { ResponseStats } from "./response-stats.ts";

/** `upstream_cx_*`, without the prefix. All handled by the pools. */
export interface ClusterConnectionStats {
  readonly total: Counter;
  readonly http1Total: Counter;
  readonly http2Total: Counter;
  readonly http3Total: Counter;
  readonly connectFail: Counter;
  readonly connectTimeout: Counter;
  readonly connectWith0Rtt: Counter;
  readonly connectAttemptsExceeded: Counter;
  readonly idleTimeout: Counter;
  readonly maxDurationReached: Counter;
  readonly overflow: Counter;
  readonly poolOverflow: Counter;
  readonly destroy: Counter;
  readonly destroyLocal: Counter;
  readonly destroyRemote: Counter;
  readonly destroyWithActiveRq: Counter;
  readonly destroyLocalWithActiveRq: Counter;
  readonly destroyRemoteWithActiveRq: Counter;
  readonly closeNotify: Counter;
  readonly protocolError: Counter;
  readonly maxRequests: Counter;
  readonly noneHealthy: Counter;
  readonly rxBytesTotal: Counter;
  readonly txBytesTotal: Counter;
  readonly active: Gauge;
  readonly rxBytesBuffered: Gauge;
  readonly txBytesBuffered: Gauge;
  readonly connectMs: Histogram;
  readonly lengthMs: Histogram;
}

/** `upstream_rq_*`, without the prefix. */
export interface ClusterRequestStats {
  /** The pool's: `total`, `active`, `pending*`, `cancelled`, `perCx`. All others are the router's. */
  readonly total: Counter;
  readonly active: Gauge;
  readonly pendingTotal: Counter;
  readonly pendingActive: Gauge;
  readonly pendingOverflow: Counter;
  readonly pendingFailureEject: Counter;
  readonly cancelled: Counter;
  readonly perCx: Histogram;
  readonly maintenanceMode: Counter;
  readonly timeout: Counter;
  readonly maxDurationReached: Counter;
  readonly perTryTimeout: Counter;
  readonly perTryIdleTimeout: Counter;
  readonly rxReset: Counter;
  readonly txReset: Counter;
  readonly retry: Counter;
  readonly retryBackoffExponential: Counter;
  readonly retryBackoffRatelimited: Counter;
  readonly retryLimitExceeded: Counter;
  readonly retrySuccess: Counter;
  readonly retryOverflow: Counter;
  readonly dropOverload: Counter;
}

/** `upstream_flow_control_*_total` and `upstream_internal_redirect_*_total`; the router's. */
export interface ClusterFlowStats {
  /** The downstream is slow: reading from upstream paused and resumed. */
  readonly pausedReading: Counter;
  readonly resumedReading: Counter;
  /** The upstream is slow: reading from downstream paused and resumed. */
  readonly backedUp: Counter;
  readonly drained: Counter;
  readonly internalRedirectFailed: Counter;
  readonly internalRedirectSucceeded: Counter;
}

/** `membership_*`: facts that all workers know alike. */
export interface ClusterMembershipStats {
  readonly total: Gauge;
  readonly healthy: Gauge;
  readonly degraded: Gauge;
  readonly excluded: Gauge;
  readonly maxHostWeight: Gauge;
}

/** `lb_*`, without the prefix. */
export interface ClusterLoadBalancerStats {
  readonly healthyPanic: Counter;
  /** `ring_hash_lb.*`; all workers build the same ring. Asked for only by clusters with such a policy. */
  ringHash(): HashRingStats;
  /** `maglev_lb.*`, likewise. */
  maglev(): MaglevStats;
  /** The stats of zone-aware routing. Asked for only by clusters with it. */
  zoneAware(): ZoneAwareStats;
  /** `lb_subsets_*`; each worker sorts hosts into subsets of its own. Asked for only by clusters with subsets. */
  subsets(): SubsetStats;
}

/** The handles of one cluster's general stats on one worker, under `cluster.<name>.`; made when the cluster is. */
export class ClusterStats {
  /** For stats that others add to the cluster's, such as those of filters. Released with the cluster. */
  readonly scope: StatsScope;
  readonly cx: ClusterConnectionStats;
  readonly rq: ClusterRequestStats;
  readonly flow: ClusterFlowStats;
  readonly membership: ClusterMembershipStats;
  readonly lb: ClusterLoadBalancerStats;
  /** `retry_or_shadow_abandoned`: a body outgrew the buffer that retries need. The router's. */
  readonly retryOrShadowAbandoned: Counter;
  /** An ORIGINAL_DST cluster was given something that is no address. */
  readonly originalDstHostInvalid: Counter;
  /** A connection could not be bound to the cluster's source address. */
  readonly bindErrors: Counter;
  /** `upstream_cx_rx_bytes_total` and so on, as a connection wants them. */
  readonly bytes: ConnectionStats;
  /** `upstream_rq_<code>`, `upstream_rq_time`, … */
  readonly responses: ResponseStats;
  #http2: Http2CodecStats | null = null;

  constructor(scope: StatsScope) {
    this.scope = scope;
    this.cx = connectionStats(scope);
    this.rq = requestStats(scope);
    this.flow = flowStats(scope);
    this.membership = {
      total: scope.gauge("membership_total", "max"),
      healthy: scope.gauge("membership_healthy", "max"),
      degraded: scope.gauge("membership_degraded", "max"),
      excluded: scope.gauge("membership_excluded", "max"),
      maxHostWeight: scope.gauge("max_host_weight", "max"),
    };
    this.lb = loadBalancerStats(scope);
    this.retryOrShadowAbandoned = scope.counter("retry_or_shadow_abandoned");
    this.originalDstHostInvalid = scope.counter("original_dst_host_invalid");
    this.bindErrors = scope.counter("bind_errors");
    this.bytes = {
      rxBytesTotal: this.cx.rxBytesTotal,
      txBytesTotal: this.cx.txBytesTotal,
      txBytesBuffered: this.cx.txBytesBuffered,
    };
    this.responses = new ResponseStats(scope);
  }

  /** `http2.*`, made when first asked for. */
  get http2(): Http2CodecStats {
    this.#http2 ??= http2CodecStats(this.scope.scope("http2"));
    return this.#http2;
  }
}

function loadBalancerStats(scope: StatsScope): ClusterLoadBalancerStats {
  return {
    healthyPanic: scope.counter("lb_healthy_panic"),
    ringHash: () => ({
      size: scope.gauge("ring_hash_lb.size", "max"),
      minHashesPerHost: scope.gauge("ring_hash_lb.min_hashes_per_host", "max"),
      maxHashesPerHost: scope.gauge("ring_hash_lb.max_hashes_per_host", "max"),
    }),
    zoneAware: () => ({
      recalculateZoneStructures: scope.counter("lb_recalculate_zone_structures"),
      localClusterNotOk: scope.counter("lb_local_cluster_not_ok"),
      zoneClusterTooSmall: scope.counter("lb_zone_cluster_too_small"),
      zoneNoCapacityLeft: scope.counter("lb_zone_no_capacity_left"),
      zoneNumberDiffers: scope.counter("lb_zone_number_differs"),
      zoneRoutingAllDirectly: scope.counter("lb_zone_routing_all_directly"),
      zoneRoutingSampled: scope.counter("lb_zone_routing_sampled"),
      zoneRoutingCrossZone: scope.counter("lb_zone_routing_cross_zone"),
    }),
    subsets: () => ({
      active: scope.gauge("lb_subsets_active", "max"),
      created: scope.counter("lb_subsets_created"),
      removed: scope.counter("lb_subsets_removed"),
      selected: scope.counter("lb_subsets_selected"),
      fallback: scope.counter("lb_subsets_fallback"),
      fallbackPanic: scope.counter("lb_subsets_fallback_panic"),
      singleHostDuplicate: scope.gauge("lb_subsets_single_host_per_subset_duplicate", "max"),
    }),
    maglev: () => ({
      minEntriesPerHost: scope.gauge("maglev_lb.min_entries_per_host", "max"),
      maxEntriesPerHost: scope.gauge("maglev_lb.max_entries_per_host", "max"),
    }),
  };
}

function connectionStats(scope: StatsScope): ClusterConnectionStats {
  return {
    total: scope.counter("upstream_cx_total"),
    http1Total: scope.counter("upstream_cx_http1_total"),
    http2Total: scope.counter("upstream_cx_http2_total"),
    http3Total: scope.counter("upstream_cx_http3_total"),
    connectFail: scope.counter("upstream_cx_connect_fail"),
    connectTimeout: scope.counter("upstream_cx_connect_timeout"),
    connectWith0Rtt: scope.counter("upstream_cx_connect_with_0_rtt"),
    connectAttemptsExceeded: scope.counter("upstream_cx_connect_attempts_exceeded"),
    idleTimeout: scope.counter("upstream_cx_idle_timeout"),
    maxDurationReached: scope.counter("upstream_cx_max_duration_reached"),
    overflow: scope.counter("upstream_cx_overflow"),
    poolOverflow: scope.counter("upstream_cx_pool_overflow"),
    destroy: scope.counter("upstream_cx_destroy"),
    destroyLocal: scope.counter("upstream_cx_destroy_local"),
    destroyRemote: scope.counter("upstream_cx_destroy_remote"),
    destroyWithActiveRq: scope.counter("upstream_cx_destroy_with_active_rq"),
    destroyLocalWithActiveRq: scope.counter("upstream_cx_destroy_local_with_active_rq"),
    destroyRemoteWithActiveRq: scope.counter("upstream_cx_destroy_remote_with_active_rq"),
    closeNotify: scope.counter("upstream_cx_close_notify"),
    protocolError: scope.counter("upstream_cx_protocol_error"),
    maxRequests: scope.counter("upstream_cx_max_requests"),
    noneHealthy: scope.counter("upstream_cx_none_healthy"),
    rxBytesTotal: scope.counter("upstream_cx_rx_bytes_total"),
    txBytesTotal: scope.counter("upstream_cx_tx_bytes_total"),
    active: scope.gauge("upstream_cx_active"),
    rxBytesBuffered: scope.gauge("upstream_cx_rx_bytes_buffered"),
    txBytesBuffered: scope.gauge("upstream_cx_tx_bytes_buffered"),
    connectMs: scope.histogram("upstream_cx_connect_ms", "ms"),
    lengthMs: scope.histogram("upstream_cx_length_ms", "ms"),
  };
}

function requestStats(scope: StatsScope): ClusterRequestStats {
  return {
    total: scope.counter("upstream_rq_total"),
    active: scope.gauge("upstream_rq_active"),
    pendingTotal: scope.counter("upstream_rq_pending_total"),
    pendingActive: scope.gauge("upstream_rq_pending_active"),
    pendingOverflow: scope.counter("upstream_rq_pending_overflow"),
    pendingFailureEject: scope.counter("upstream_rq_pending_failure_eject"),
    cancelled: scope.counter("upstream_rq_cancelled"),
    perCx: scope.histogram("upstream_rq_per_cx", "unspecified"),
    maintenanceMode: scope.counter("upstream_rq_maintenance_mode"),
    timeout: scope.counter("upstream_rq_timeout"),
    maxDurationReached: scope.counter("upstream_rq_max_duration_reached"),
    perTryTimeout: scope.counter("upstream_rq_per_try_timeout"),
    perTryIdleTimeout: scope.counter("upstream_rq_per_try_idle_timeout"),
    rxReset: scope.counter("upstream_rq_rx_reset"),
    txReset: scope.counter("upstream_rq_tx_reset"),
    retry: scope.counter("upstream_rq_retry"),
    retryBackoffExponential: scope.counter("upstream_rq_retry_backoff_exponential"),
    retryBackoffRatelimited: scope.counter("upstream_rq_retry_backoff_ratelimited"),
    retryLimitExceeded: scope.counter("upstream_rq_retry_limit_exceeded"),
    retrySuccess: scope.counter("upstream_rq_retry_success"),
    retryOverflow: scope.counter("upstream_rq_retry_overflow"),
    dropOverload: scope.counter("upstream_rq_drop_overload"),
  };
}

function flowStats(scope: StatsScope): ClusterFlowStats {
  return {
    pausedReading: scope.counter("upstream_flow_control_paused_reading_total"),
    resumedReading: scope.counter("upstream_flow_control_resumed_reading_total"),
    backedUp: scope.counter("upstream_flow_control_backed_up_total"),
    drained: scope.counter("upstream_flow_control_drained_total"),
    internalRedirectFailed: scope.counter("upstream_internal_redirect_failed_total"),
    internalRedirectSucceeded: scope.counter("upstream_internal_redirect_succeeded_total"),
  };
}
