import type { ConnectionStats } from "../../../net/connection-callbacks.ts";
import type { Counter, Gauge, StatsScope } from "../../../stats/scope.ts";

/** The handles of one TCP proxy, under `tcp.<stat_prefix>.`; Envoy's names in the strings below. */
export class TcpProxyStats {
  /** The byte counters, which the connection itself keeps. */
  readonly connection: ConnectionStats;
  readonly cxTotal: Counter;
  readonly cxNoRoute: Counter;
  readonly flowPaused: Counter;
  readonly flowResumed: Counter;
  readonly idleTimeout: Counter;
  readonly maxDownstreamConnectionDuration: Counter;
  readonly upstreamFlushTotal: Counter;
  readonly upstreamFlushActive: Gauge;

  constructor(scope: StatsScope) {
    this.connection = {
      rxBytesTotal: scope.counter("downstream_cx_rx_bytes_total"),
      txBytesTotal: scope.counter("downstream_cx_tx_bytes_total"),
      txBytesBuffered: scope.gauge("downstream_cx_tx_bytes_buffered"),
    };
    // Nothing is ever kept on this way: what is read is written at once.
    scope.gauge("downstream_cx_rx_bytes_buffered");
    this.cxTotal = scope.counter("downstream_cx_total");
    this.cxNoRoute = scope.counter("downstream_cx_no_route");
    this.flowPaused = scope.counter("downstream_flow_control_paused_reading_total");
    this.flowResumed = scope.counter("downstream_flow_control_resumed_reading_total");
    this.idleTimeout = scope.counter("idle_timeout");
    this.maxDownstreamConnectionDuration = scope.counter("max_downstream_connection_duration");
    this.upstreamFlushTotal = scope.counter("upstream_flush_total");
    this.upstreamFlushActive = scope.gauge("upstream_flush_active");
  }
}
