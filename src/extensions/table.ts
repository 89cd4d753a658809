import type { ExtensionConfig } from "../config/extension-config.ts";
import type {
  AccessLoggerModule,
  HttpFilterModule,
  ListenerFilterModule,
  NetworkFilterModule,
  TransportSocketModule,
} from "./extension-module.ts";

/** How one extension is found. Its halves are loaded apart: `config` by the compiler thread, the other by the workers. */
interface ExtensionEntry {
  readonly name: string;
  config(): Promise<ExtensionConfig>;
}

interface HttpFilterEntry extends ExtensionEntry {
  filter(): Promise<HttpFilterModule>;
}
interface NetworkFilterEntry extends ExtensionEntry {
  filter(): Promise<NetworkFilterModule>;
}
interface ListenerFilterEntry extends ExtensionEntry {
  filter(): Promise<ListenerFilterModule>;
}
interface AccessLoggerEntry extends ExtensionEntry {
  logger(): Promise<AccessLoggerModule>;
}
interface TransportSocketEntry extends ExtensionEntry {
  socket(): Promise<TransportSocketModule>;
}

/** Every HTTP filter there is. Nothing registers itself: what is not here does not exist. */
export const HTTP_FILTERS: readonly HttpFilterEntry[] = [
  {
    name: "envoy.filters.http.buffer",
    config: async () => (await import("./http/buffer/config.ts")).bufferConfig,
    filter: async () => (await import("./http/buffer/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.compressor",
    config: async () => (await import("./http/compressor/config.ts")).compressorConfig,
    filter: async () => (await import("./http/compressor/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.cors",
    config: async () => (await import("./http/cors/config.ts")).corsConfig,
    filter: async () => (await import("./http/cors/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.csrf",
    config: async () => (await import("./http/csrf/config.ts")).csrfConfig,
    filter: async () => (await import("./http/csrf/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.decompressor",
    config: async () => (await import("./http/decompressor/config.ts")).decompressorConfig,
    filter: async () => (await import("./http/decompressor/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.ext_authz",
    config: async () => (await import("./http/ext_authz/config.ts")).extAuthzConfig,
    filter: async () => (await import("./http/ext_authz/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.fault",
    config: async () => (await import("./http/fault/config.ts")).faultConfig,
    filter: async () => (await import("./http/fault/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.grpc_http1_bridge",
    config: async () => (await import("./http/grpc_http1_bridge/config.ts")).grpcHttp1BridgeConfig,
    filter: async () => (await import("./http/grpc_http1_bridge/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.grpc_stats",
    config: async () => (await import("./http/grpc_stats/config.ts")).grpcStatsConfig,
    filter: async () => (await import("./http/grpc_stats/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.grpc_web",
    config: async () => (await import("./http/grpc_web/config.ts")).grpcWebConfig,
    filter: async () => (await import("./http/grpc_web/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.header_mutation",
    config: async () => (await import("./http/header_mutation/config.ts")).headerMutationConfig,
    filter: async () => (await import("./http/header_mutation/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.header_to_metadata",
    config: async () => (await import("./http/header_to_metadata/config.ts")).headerToMetadataConfig,
    filter: async () => (await import("./http/header_to_metadata/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.health_check",
    config: async () => (await import("./http/health_check/config.ts")).healthCheckConfig,
    filter: async () => (await import("./http/health_check/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.ip_tagging",
    config: async () => (await import("./http/ip_tagging/config.ts")).ipTaggingConfig,
    filter: async () => (await import("./http/ip_tagging/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.jwt_authn",
    config: async () => (await import("./http/jwt_authn/config.ts")).jwtAuthnConfig,
    filter: async () => (await import("./http/jwt_authn/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.local_ratelimit",
    config: async () => (await import("./http/local_ratelimit/config.ts")).localRateLimitConfig,
    filter: async () => (await import("./http/local_ratelimit/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.on_demand",
    config: async () => (await import("./http/on_demand/config.ts")).onDemandConfig,
    filter: async () => (await import("./http/on_demand/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.rbac",
    config: async () => (await import("./http/rbac/config.ts")).rbacConfig,
    filter: async () => (await import("./http/rbac/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.router",
    config: async () => (await import("./http/router/config.ts")).routerConfig,
    filter: async () => (await import("./http/router/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.set_filter_state",
    config: async () => (await import("./http/set_filter_state/config.ts")).setFilterStateConfig,
    filter: async () => (await import("./http/set_filter_state/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.set_metadata",
    config: async () => (await import("./http/set_metadata/config.ts")).setMetadataConfig,
    filter: async () => (await import("./http/set_metadata/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.stateful_session",
    config: async () => (await import("./http/stateful_session/config.ts")).statefulSessionConfig,
    filter: async () => (await import("./http/stateful_session/factory.ts")).httpFilter,
  },
  {
    name: "troupe.filters.http.module",
    config: async () => (await import("./http/module/config.ts")).moduleConfig,
    filter: async () => (await import("./http/module/factory.ts")).httpFilter,
  },
];

/** Every network filter there is. */
export const NETWORK_FILTERS: readonly NetworkFilterEntry[] = [
  {
    name: "envoy.filters.network.connection_limit",
    config: async () => (await import("./network/connection_limit/config.ts")).connectionLimitConfig,
    filter: async () => (await import("./network/connection_limit/factory.ts")).networkFilter,
  },
  {
    name: "envoy.filters.network.direct_response",
    config: async () => (await import("./network/direct_response/config.ts")).directResponseConfig,
    filter: async () => (await import("./network/direct_response/factory.ts")).networkFilter,
  },
  {
    name: "envoy.filters.network.echo",
    config: async () => (await import("./network/echo/config.ts")).echoConfig,
    filter: async () => (await import("./network/echo/factory.ts")).networkFilter,
  },
  {
    name: "envoy.filters.network.http_connection_manager",
    config: async () => (await import("./network/http_connection_manager/config.ts")).httpConnectionManagerConfig,
    filter: async () => (await import("./network/http_connection_manager/factory.ts")).networkFilter,
  },
  {
    name: "envoy.filters.network.local_ratelimit",
    config: async () => (await import("./network/local_ratelimit/config.ts")).localRateLimitConfig,
    filter: async () => (await import("./network/local_ratelimit/factory.ts")).networkFilter,
  },
  {
    name: "envoy.filters.network.rbac",
    config: async () => (await import("./network/rbac/config.ts")).rbacConfig,
    filter: async () => (await import("./network/rbac/factory.ts")).networkFilter,
  },
  {
    name: "envoy.filters.network.sni_cluster",
    config: async () => (await import("./network/sni_cluster/config.ts")).sniClusterConfig,
    filter: async () => (await import("./network/sni_cluster/factory.ts")).networkFilter,
  },
  {
    name: "envoy.filters.network.tcp_proxy",
    config: async () => (await import("./network/tcp_proxy/config.ts")).tcpProxyConfig,
    filter: async () => (await import("./network/tcp_proxy/factory.ts")).networkFilter,
  },
];

/** Every access logger there is. */
export const ACCESS_LOGGERS: readonly AccessLoggerEntry[] = [
  {
    name: "envoy.access_loggers.file",
    config: async () => (await import("./access_loggers/file/config.ts")).fileLoggerConfig,
    logger: async () => (await import("./access_loggers/file/logger.ts")).accessLogger,
  },
  {
    name: "envoy.access_loggers.stdout",
    config: async () => (await import("./access_loggers/stdout/config.ts")).stdoutLoggerConfig,
    logger: async () => (await import("./access_loggers/stdout/logger.ts")).accessLogger,
  },
  {
    name: "envoy.access_loggers.stderr",
    config: async () => (await import("./access_loggers/stderr/config.ts")).stderrLoggerConfig,
    logger: async () => (await import("./access_loggers/stderr/logger.ts")).accessLogger,
  },
];

/** Every listener filter. */
export const LISTENER_FILTERS: readonly ListenerFilterEntry[] = [
  {
    name: "envoy.filters.listener.tls_inspector",
    config: async () => (await import("./listener/tls_inspector/config.ts")).tlsInspectorConfig,
    filter: async () => (await import("./listener/tls_inspector/factory.ts")).listenerFilter,
  },
];

/** Every transport socket beside the plain one. */
export const TRANSPORT_SOCKETS: readonly TransportSocketEntry[] = [
  {
    name: "envoy.transport_sockets.tls",
    config: async () => (await import("./transport_sockets/tls/config.ts")).downstreamTlsConfig,
    socket: async () => (await import("./transport_sockets/tls/transport-socket.ts")).transportSocket,
  },
];

/** Extensions that are only settings of something else: the worker has no half of its own for them. */
export const OTHER_EXTENSIONS: readonly ExtensionEntry[] = [
  {
    name: "envoy.compression.brotli.compressor",
    config: async () => (await import("./compression/brotli_compressor/config.ts")).brotliCompressorConfig,
  },
  {
    name: "envoy.compression.brotli.decompressor",
    config: async () => (await import("./compression/brotli_decompressor/config.ts")).brotliDecompressorConfig,
  },
  {
    name: "envoy.compression.gzip.compressor",
    config: async () => (await import("./compression/gzip_compressor/config.ts")).gzipCompressorConfig,
  },
  {
    name: "envoy.compression.gzip.decompressor",
    config: async () => (await import("./compression/gzip_decompressor/config.ts")).gzipDecompressorConfig,
  },
  {
    name: "envoy.compression.zstd.compressor",
    config: async () => (await import("./compression/zstd_compressor/config.ts")).zstdCompressorConfig,
  },
  {
    name: "envoy.compression.zstd.decompressor",
    config: async () => (await import("./compression/zstd_decompressor/config.ts")).zstdDecompressorConfig,
  },
  {
    name: "envoy.health_check.event_sinks.file",
    config: async () => (await import("./health_check_event_sinks/file/config.ts")).fileEventSinkConfig,
  },
  {
    name: "envoy.http.stateful_session.cookie",
    config: async () => (await import("./stateful_session/cookie/config.ts")).cookieSessionConfig,
  },
  {
    name: "envoy.http.stateful_session.header",
    config: async () => (await import("./stateful_session/header/config.ts")).headerSessionConfig,
  },
  {
    name: "envoy.load_balancing_policies.round_robin",
    config: async () => (await import("./load_balancing_policies/round_robin/config.ts")).roundRobinConfig,
  },
  {
    name: "envoy.load_balancing_policies.least_request",
    config: async () => (await import("./load_balancing_policies/least_request/config.ts")).leastRequestConfig,
  },
  {
    name: "envoy.load_balancing_policies.random",
    config: async () => (await import("./load_balancing_policies/random/config.ts")).randomConfig,
  },
  {
    name: "envoy.load_balancing_policies.ring_hash",
    config: async () => (await import("./load_balancing_policies/ring_hash/config.ts")).ringHashConfig,
  },
  {
    name: "envoy.load_balancing_policies.maglev",
    config: async () => (await import("./load_balancing_policies/maglev/config.ts")).maglevConfig,
  },
  {
    name: "envoy.load_balancing_policies.subset",
    config: async () => (await import("./load_balancing_policies/subset/config.ts")).subsetConfig,
  },
  {
    name: "envoy.load_balancing_policies.wrr_locality",
    config: async () => (await import("./load_balancing_policies/wrr_locality/config.ts")).wrrLocalityConfig,
  },
  {
    name: "envoy.retry_host_predicates.previous_hosts",
    config: async () => (await import("./retry_host_predicates/previous_hosts/config.ts")).previousHostsConfig,
  },
  {
    name: "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
    config: async () => (await import("./upstream_options/http_protocol_options/config.ts")).httpProtocolOptionsConfig,
  },
  {
    name: "envoy.stat_sinks.statsd",
    config: async () => (await import("./stat_sinks/statsd/config.ts")).statsdSinkConfig,
  },
  {
    name: "envoy.stat_sinks.dog_statsd",
    config: async () => (await import("./stat_sinks/dog_statsd/config.ts")).dogStatsdSinkConfig,
  },
  {
    name: "envoy.stat_sinks.graphite_statsd",
    config: async () => (await import("./stat_sinks/graphite_statsd/config.ts")).graphiteStatsdSinkConfig,
  },
  {
    name: "envoy.network.dns_resolver.cares",
    config: async () => (await import("./network_dns_resolver/cares/config.ts")).caresResolverConfig,
  },
  {
    name: "envoy.transport_sockets.tls",
    config: async () => (await import("./transport_sockets/tls/config.ts")).upstreamTlsConfig,
  },
  {
    name: "envoy.transport_sockets.raw_buffer",
    config: async () => (await import("./transport_sockets/raw_buffer/config.ts")).rawBufferConfig,
  },
];
