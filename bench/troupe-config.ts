import type { PeerProtocols, TlsFiles } from "./peers/peer.ts";

/** A bootstrap configuration, as plain JSON. */
export type BootstrapJson = Record<string, unknown>;

/** What differs between the configurations of two cases. */
export interface ProxyConfigParts {
  /** Route configuration of the one listener. */
  readonly virtualHosts: readonly object[];
  readonly clusters: readonly object[];
  /** Default HTTP/1.1. */
  readonly downstream?: PeerProtocols["downstream"];
  /** Default none. */
  readonly tls?: PeerProtocols["tls"];
}

/**
 * A bootstrap with one listener, `main`, on a free loopback port, and the default filter chain: connection manager and
 * router, stats prefix `ingress`, no access log.
 */
export function proxyConfig(parts: ProxyConfigParts): BootstrapJson {
  const manager = {
    "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
    stat_prefix: "ingress",
    ...(parts.downstream === "http2" && { codec_type: "HTTP2" }),
    route_config: { name: "local_route", virtual_hosts: parts.virtualHosts },
    http_filters: [
      {
        name: "envoy.filters.http.router",
        typed_config: { "@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router" },
      },
    ],
  };
  return bootstrap(
    { name: "envoy.filters.network.http_connection_manager", typed_config: manager },
    parts.clusters,
    parts,
  );
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

function bootstrap(
  filter: object,
  clusters: readonly object[],
  { downstream, tls = null }: Pick<ProxyConfigParts, "downstream" | "tls"> = {},
): BootstrapJson {
  const chain = { filters: [filter], ...(tls !== null && { transport_socket: downstreamTls(tls, downstream) }) };
  const listener = { name: "main", address: socketAddress(0), filter_chains: [chain] };
  return { admin: { address: socketAddress(0) }, static_resources: { listeners: [listener], clusters } };
}

function downstreamTls({ certificate, key }: TlsFiles, downstream: PeerProtocols["downstream"] = "http1"): object {
  return {
    name: "envoy.transport_sockets.tls",
    typed_config: {
      "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
      common_tls_context: {
        tls_params: { tls_minimum_protocol_version: "TLSv1_3", tls_maximum_protocol_version: "TLSv1_3" },
        tls_certificates: [{ certificate_chain: { filename: certificate }, private_key: { filename: key } }],
        alpn_protocols: [downstream === "http2" ? "h2" : "http/1.1"],
      },
    },
  };
}

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** A STATIC cluster with these loopback ports as endpoints. */
export function staticCluster(
  name: string,
  ports: readonly number[],
  upstream: PeerProtocols["upstream"] = "http1",
): object {
  const endpoints = ports.map((port) => ({ endpoint: { address: socketAddress(port) } }));
  return {
    name,
    type: "STATIC",
    connect_timeout: "5s",
    ...(upstream === "http2" && {
      typed_extension_protocol_options: {
        [HTTP_OPTIONS]: {
          "@type": `type.googleapis.com/${HTTP_OPTIONS}`,
          explicit_http_config: { http2_protocol_options: {} },
        },
      },
    }),
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
