import type { Counter, Gauge, Histogram, StatsScope } from "../stats/scope.ts";

/** What a listener counts on its worker: `listener.<address or stat_prefix>.*`. */
export interface ListenerStats {
  readonly scope: StatsScope;
  readonly cxTotal: Counter;
  readonly cxDestroy: Counter;
  readonly cxActive: Gauge;
  readonly cxLengthMs: Histogram;
  readonly noFilterChainMatch: Counter;
  /** Connections closed at once because of the limit of the listener, or of the process. */
  readonly cxOverflow: Counter;
  readonly globalCxOverflow: Counter;
  /** Connections cut because their drain time was over. Differs from Envoy: it cuts them, too, but has no such counter. */
  readonly cxDrainTimeout: Counter;
  /** Connections whose listener filters took longer than `listener_filters_timeout`. */
  readonly preCxTimeout: Counter;
  /** Connections that listener filters look at. */
  readonly preCxActive: Gauge;
  readonly listenerFilterRemoteClose: Counter;
  readonly listenerFilterError: Counter;
  /** Handshakes that took longer than `transport_socket_connect_timeout`. */
  readonly cxTransportSocketConnectTimeout: Counter;
  /** `worker_<n>.downstream_cx_total`. */
  readonly workerCxTotal: Counter;
  readonly workerCxActive: Gauge;
}

/** Resolves a listener's handles below `listener.<prefix>`. `scope.release()` gives them all up. */
export function listenerStats(root: StatsScope, prefix: string, workerIndex: number): ListenerStats {
  const scope = root.scope(`listener.${prefix}`);
  return {
    scope,
    cxTotal: scope.counter("downstream_cx_total"),
    cxDestroy: scope.counter("downstream_cx_destroy"),
    cxActive: scope.gauge("downstream_cx_active"),
    cxLengthMs: scope.histogram("downstream_cx_length_ms", "ms"),
    noFilterChainMatch: scope.counter("no_filter_chain_match"),
    cxOverflow: scope.counter("downstream_cx_overflow"),
    globalCxOverflow: scope.counter("downstream_global_cx_overflow"),
    cxDrainTimeout: scope.counter("downstream_cx_drain_timeout"),
    preCxTimeout: scope.counter("downstream_pre_cx_timeout"),
    preCxActive: scope.gauge("downstream_pre_cx_active"),
    listenerFilterRemoteClose: scope.counter("downstream_listener_filter_remote_close"),
    listenerFilterError: scope.counter("downstream_listener_filter_error"),
    cxTransportSocketConnectTimeout: scope.counter("downstream_cx_transport_socket_connect_timeout"),
    workerCxTotal: scope.counter(`worker_${workerIndex}.downstream_cx_total`),
    workerCxActive: scope.gauge(`worker_${workerIndex}.downstream_cx_active`),
  };
}
