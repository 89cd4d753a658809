import type { ConnectionStats } from "../../../net/connection-callbacks.ts";
import type { Counter, Gauge, Histogram, StatsScope } from "../../../stats/scope.ts";

/** The handles of one connection manager's stats, under `http.<stat_prefix>.`; Envoy's names in the strings below. */
export class HcmStats {
  /** The byte counters, which the connection itself keeps. */
  readonly connection: ConnectionStats;
  readonly cxTotal: Counter;
  readonly cxSslTotal: Counter;
  readonly cxHttp1Total: Counter;
  readonly cxHttp2Total: Counter;
  readonly cxDestroy: Counter;
  readonly cxDestroyRemote: Counter;
  readonly cxDestroyLocal: Counter;
  readonly cxDestroyActiveRq: Counter;
  readonly cxDestroyLocalActiveRq: Counter;
  readonly cxDestroyRemoteActiveRq: Counter;
  readonly cxProtocolError: Counter;
  readonly cxDrainClose: Counter;
  readonly cxIdleTimeout: Counter;
  readonly cxMaxDurationReached: Counter;
  readonly cxMaxRequestsReached: Counter;
  readonly flowPaused: Counter;
  readonly flowResumed: Counter;
  readonly cxUpgradesTotal: Counter;
  readonly rqTotal: Counter;
  readonly rqHttp1Total: Counter;
  readonly rqHttp2Total: Counter;
  readonly rqTooManyPrematureResets: Counter;
  readonly rqResponseBeforeRqComplete: Counter;
  readonly rqRxReset: Counter;
  readonly rqTxReset: Counter;
  readonly rqNonRelativePath: Counter;
  readonly rqRejectedViaIpDetection: Counter;
  readonly rqTooLarge: Counter;
  readonly rsTooLarge: Counter;
  readonly rqCompleted: Counter;
  readonly rqFailedPathNormalization: Counter;
  readonly rqRedirectedWithNormalizedPath: Counter;
  readonly rqWsOnNonWsRoute: Counter;
  readonly rqIdleTimeout: Counter;
  readonly rqMaxDurationReached: Counter;
  readonly rqTimeout: Counter;
  readonly rqHeaderTimeout: Counter;
  /** By the first digit of the status. */
  readonly rqByClass: readonly Counter[];
  readonly cxActive: Gauge;
  readonly cxSslActive: Gauge;
  readonly cxHttp1Active: Gauge;
  readonly cxHttp2Active: Gauge;
  readonly cxRxBytesBuffered: Gauge;
  readonly cxUpgradesActive: Gauge;
  readonly rqActive: Gauge;
  readonly cxLengthMs: Histogram;
  readonly rqTime: Histogram;
  /** Responses below `listener.<address>.http.<stat_prefix>`. */
  readonly #ofListener: readonly Counter[];

  /** `scope` is `http.<stat_prefix>`, `listenerScope` the same below the listener. */
  constructor(scope: StatsScope, listenerScope: StatsScope) {
    this.connection = connectionStats(scope);
    this.cxTotal = scope.counter("downstream_cx_total");
    this.cxSslTotal = scope.counter("downstream_cx_ssl_total");
    this.cxHttp1Total = scope.counter("downstream_cx_http1_total");
    this.cxHttp2Total = scope.counter("downstream_cx_http2_total");
    this.cxDestroy = scope.counter("downstream_cx_destroy");
    this.cxDestroyRemote = scope.counter("downstream_cx_destroy_remote");
    this.cxDestroyLocal = scope.counter("downstream_cx_destroy_local");
    this.cxDestroyActiveRq = scope.counter("downstream_cx_destroy_active_rq");
    this.cxDestroyLocalActiveRq = scope.counter("downstream_cx_destroy_local_active_rq");
    this.cxDestroyRemoteActiveRq = scope.counter("downstream_cx_destroy_remote_active_rq");
    this.cxProtocolError = scope.counter("downstream_cx_protocol_error");
    this.cxDrainClose = scope.counter("downstream_cx_drain_close");
    this.cxIdleTimeout = scope.counter("downstream_cx_idle_timeout");
    this.cxMaxDurationReached = scope.counter("downstream_cx_max_duration_reached");
    this.cxMaxRequestsReached = scope.counter("downstream_cx_max_requests_reached");
    this.flowPaused = scope.counter("downstream_flow_control_paused_reading_total");
    this.flowResumed = scope.counter("downstream_flow_control_resumed_reading_total");
    this.cxUpgradesTotal = scope.counter("downstream_cx_upgrades_total");
    this.rqTotal = scope.counter("downstream_rq_total");
    this.rqHttp1Total = scope.counter("downstream_rq_http1_total");
    this.rqHttp2Total = scope.counter("downstream_rq_http2_total");
    this.rqTooManyPrematureResets = scope.counter("downstream_rq_too_many_premature_resets");
    this.rqResponseBeforeRqComplete = scope.counter("downstream_rq_response_before_rq_complete");
    this.rqRxReset = scope.counter("downstream_rq_rx_reset");
    this.rqTxReset = scope.counter("downstream_rq_tx_reset");
    this.rqNonRelativePath = scope.counter("downstream_rq_non_relative_path");
    this.rqRejectedViaIpDetection = scope.counter("downstream_rq_rejected_via_ip_detection");
    this.rqTooLarge = scope.counter("downstream_rq_too_large");
    this.rsTooLarge = scope.counter("rs_too_large");
    this.rqCompleted = scope.counter("downstream_rq_completed");
    this.rqFailedPathNormalization = scope.counter("downstream_rq_failed_path_normalization");
    this.rqRedirectedWithNormalizedPath = scope.counter("downstream_rq_redirected_with_normalized_path");
    this.rqWsOnNonWsRoute = scope.counter("downstream_rq_ws_on_non_ws_route");
    this.rqIdleTimeout = scope.counter("downstream_rq_idle_timeout");
    this.rqMaxDurationReached = scope.counter("downstream_rq_max_duration_reached");
    this.rqTimeout = scope.counter("downstream_rq_timeout");
    this.rqHeaderTimeout = scope.counter("downstream_rq_header_timeout");
    this.rqByClass = responseClasses(scope);
    this.#ofListener = responseClasses(listenerScope);
    this.cxActive = scope.gauge("downstream_cx_active");
    this.cxSslActive = scope.gauge("downstream_cx_ssl_active");
    this.cxHttp1Active = scope.gauge("downstream_cx_http1_active");
    this.cxHttp2Active = scope.gauge("downstream_cx_http2_active");
    this.cxRxBytesBuffered = scope.gauge("downstream_cx_rx_bytes_buffered");
    this.cxUpgradesActive = scope.gauge("downstream_cx_upgrades_active");
    this.rqActive = scope.gauge("downstream_rq_active");
    this.cxLengthMs = scope.histogram("downstream_cx_length_ms", "ms");
    this.rqTime = scope.histogram("downstream_rq_time", "ms");
  }

  /** Counts a response once its headers are decided. */
  chargeResponse(status: number): void {
    this.rqCompleted.inc();
    this.#ofListener[0]!.inc();
    const digit = (status / 100) | 0;
    if (digit < 1 || digit > 5) return;
    this.rqByClass[digit]!.inc();
    this.#ofListener[digit]!.inc();
  }
}

function connectionStats(scope: StatsScope): ConnectionStats {
  return {
    rxBytesTotal: scope.counter("downstream_cx_rx_bytes_total"),
    txBytesTotal: scope.counter("downstream_cx_tx_bytes_total"),
    txBytesBuffered: scope.gauge("downstream_cx_tx_bytes_buffered"),
    delayedCloseTimeout: scope.counter("downstream_cx_delayed_close_timeout"),
  };
}

function responseClasses(scope: StatsScope): Counter[] {
  return [
    scope.counter("downstream_rq_completed"),
    scope.counter("downstream_rq_1xx"),
    scope.counter("downstream_rq_2xx"),
    scope.counter("downstream_rq_3xx"),
    scope.counter("downstream_rq_4xx"),
    scope.counter("downstream_rq_5xx"),
  ];
}
