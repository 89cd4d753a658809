/** Filter state: the cluster that `tcp_proxy` sends this connection to, whatever its own configuration says. Envoy's key. */
export const PER_CONNECTION_CLUSTER_KEY = "envoy.tcp_proxy.cluster";

/** Filter state: how long this connection may be idle in `tcp_proxy`, in milliseconds; 0 = for ever. Envoy's key. */
export const PER_CONNECTION_IDLE_TIMEOUT_KEY = "envoy.tcp_proxy.per_connection_idle_timeout_ms";

/** Filter state: `true` has `tcp_proxy` send this connection's bytes without the tunnel that is configured. Envoy's key. */
export const DISABLE_TUNNELING_KEY = "envoy.tcp_proxy.disable_tunneling";

/** All of them. */
export const TCP_PROXY_KEYS: ReadonlySet<string> = new Set([
  PER_CONNECTION_CLUSTER_KEY,
  PER_CONNECTION_IDLE_TIMEOUT_KEY,
  DISABLE_TUNNELING_KEY,
]);
