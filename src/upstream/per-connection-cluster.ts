/** Filter state: the cluster that `tcp_proxy` sends this connection to, whatever its own configuration says. Envoy's key. */
export const PER_CONNECTION_CLUSTER_KEY = "envoy.tcp_proxy.cluster";
