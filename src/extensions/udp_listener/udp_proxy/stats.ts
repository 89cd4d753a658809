import type { Counter, Gauge, StatsScope } from "../../../stats/scope.ts";

/** `udp.<stat_prefix>.*` */
export interface UdpProxyStats {
  readonly sessTotal: Counter;
  readonly sessActive: Gauge;
  readonly sessNoRoute: Counter;
  readonly rxBytes: Counter;
  readonly rxDatagrams: Counter;
  readonly rxErrors: Counter;
  readonly txBytes: Counter;
  readonly txDatagrams: Counter;
  readonly txErrors: Counter;
  readonly idleTimeout: Counter;
}

/** Resolves them; `scope` is `udp.<stat_prefix>`. */
export function udpProxyStats(scope: StatsScope): UdpProxyStats {
  return {
    sessTotal: scope.counter("downstream_sess_total"),
    sessActive: scope.gauge("downstream_sess_active"),
    sessNoRoute: scope.counter("downstream_sess_no_route"),
    rxBytes: scope.counter("downstream_sess_rx_bytes"),
    rxDatagrams: scope.counter("downstream_sess_rx_datagrams"),
    rxErrors: scope.counter("downstream_sess_rx_errors"),
    txBytes: scope.counter("downstream_sess_tx_bytes"),
    txDatagrams: scope.counter("downstream_sess_tx_datagrams"),
    txErrors: scope.counter("downstream_sess_tx_errors"),
    idleTimeout: scope.counter("idle_timeout"),
  };
}

/** `cluster.<name>.udp.*` */
export interface UdpClusterStats {
  readonly scope: StatsScope;
  readonly rxDatagrams: Counter;
  /** Datagrams of hosts that were too large. */
  readonly rxDatagramsDropped: Counter;
  readonly rxErrors: Counter;
  readonly txDatagrams: Counter;
  readonly txErrors: Counter;
}

/** Resolves them; `scope` is `cluster.<name>.udp`. */
export function udpClusterStats(scope: StatsScope): UdpClusterStats {
  return {
    scope,
    rxDatagrams: scope.counter("sess_rx_datagrams"),
    rxDatagramsDropped: scope.counter("sess_rx_datagrams_dropped"),
    rxErrors: scope.counter("sess_rx_errors"),
    txDatagrams: scope.counter("sess_tx_datagrams"),
    txErrors: scope.counter("sess_tx_errors"),
  };
}
