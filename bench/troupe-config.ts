/** A bootstrap configuration, as plain JSON. */
export type BootstrapJson = Record<string, unknown>;

/** What differs between the configurations of two cases. */
export interface ProxyConfigParts {
  /** Route configuration of the one listener. */
  readonly virtualHosts: readonly object[];
  readonly clusters: readonly object[];
}

/**
 * A bootstrap with one listener, `main`, on a free loopback port, and the default filter chain: connection manager and
 * router, stats prefix `ingress`, no access log.
 */
export function proxyConfig(parts: ProxyConfigParts): BootstrapJson {
  const manager = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: "ingress",
    route_config: { name: "local_route", virtual_hosts: parts.virtualHosts },
    http_filters: [
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
      },
    ],
  };
  return bootstrap({ name: "envoy.filters.network.http_connection_manager", typed_config: manager }, parts.clusters);
}

/** A bootstrap with one listener, `main`, on a free loopback port, and a TCP proxy to `cluster` without access log. */
export function tcpProxyConfig(cluster: string, clusters: readonly object[]): BootstrapJson {
  const proxy = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
    stat_prefix: "ingress",
    cluster,
  };
  return bootstrap({ name: "envoy.filters.network.tcp_proxy", typed_config: proxy }, clusters);
}

function bootstrap(filter: object, clusters: readonly object[]): BootstrapJson {
  const listener = { name: "main", address: socketAddress(0), filter_chains: [{ filters: [filter] }] };
  return { admin: { address: socketAddress(0) }, static_resources: { listeners: [listener], clusters } };
}

/** A STATIC cluster with these loopback ports as endpoints. */
export function staticCluster(name: string, ports: readonly number[]): object {
  const endpoints = ports.map((port) => ({ endpoint: { address: socketAddress(port) } }));
  return {
    name,
    type: "STATIC",
    connect_timeout: "5s",
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpoints }] },
  };
}

/** A route for a path prefix. */
export function prefixRoute(prefix: string, cluster: string): object {
  return { match: { prefix }, route: { cluster } };
}

/** An address on 127.0.0.1. */
export function socketAddress(port: number): object {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}
