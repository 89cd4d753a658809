/** What `overload_manager` is told to do. Plain data; a resource of its own, absent if nothing is told. */
export interface OverloadData {
  /** How many downstream connections all workers may have together; null: the runtime says it, or nobody. */
  readonly maxDownstreamConnections: number | null;
}

/** Envoy's name of the monitor that limits downstream connections. */
export const DOWNSTREAM_CONNECTIONS_MONITOR = "envoy.resource_monitors.global_downstream_max_connections";
