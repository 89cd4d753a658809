import type { ExtensionEntry } from "./extension-entry.ts";
import type {
  AccessLoggerModule,
  HttpFilterModule,
  ListenerFilterModule,
  NetworkFilterModule,
  TracerModule,
  TransportSocketModule,
  UdpListenerFilterModule,
} from "./extension-module.ts";

interface HttpFilterEntry extends ExtensionEntry {
  filter(): Promise<HttpFilterModule>;
}
interface NetworkFilterEntry extends ExtensionEntry {
  filter(): Promise<NetworkFilterModule>;
}
interface ListenerFilterEntry extends ExtensionEntry {
  filter(): Promise<ListenerFilterModule>;
}
interface UdpListenerFilterEntry extends ExtensionEntry {
  filter(): Promise<UdpListenerFilterModule>;
}
interface AccessLoggerEntry extends ExtensionEntry {
  logger(): Promise<AccessLoggerModule>;
}
interface TracerEntry extends ExtensionEntry {
  tracer(): Promise<TracerModule>;
}
interface TransportSocketEntry extends ExtensionEntry {
  socket(): Promise<TransportSocketModule>;
}

/** Every HTTP filter there is. Nothing registers itself: what is not here does not exist. */
export const HTTP_FILTERS: readonly HttpFilterEntry[] = [
  {
    name: "envoy.filters.http.buffer",
    types: ["envoy.extensions.filters.http.buffer.v3.Buffer", "envoy.extensions.filters.http.buffer.v3.BufferPerRoute"],
    config: async () => (await import("./http/buffer/config.ts")).bufferConfig,
    filter: async () => (await import("./http/buffer/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.compressor",
    types: [
      "envoy.extensions.filters.http.compressor.v3.Compressor",
      "envoy.extensions.filters.http.compressor.v3.CompressorPerRoute",
    ],
    config: async () => (await import("./http/compressor/config.ts")).compressorConfig,
    filter: async () => (await import("./http/compressor/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.cors",
    types: ["envoy.extensions.filters.http.cors.v3.Cors", "envoy.extensions.filters.http.cors.v3.CorsPolicy"],
    config: async () => (await import("./http/cors/config.ts")).corsConfig,
    filter: async () => (await import("./http/cors/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.csrf",
    types: ["envoy.extensions.filters.http.csrf.v3.CsrfPolicy"],
    config: async () => (await import("./http/csrf/config.ts")).csrfConfig,
    filter: async () => (await import("./http/csrf/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.decompressor",
    types: ["envoy.extensions.filters.http.decompressor.v3.Decompressor"],
    config: async () => (await import("./http/decompressor/config.ts")).decompressorConfig,
    filter: async () => (await import("./http/decompressor/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.ext_authz",
    types: [
      "envoy.extensions.filters.http.ext_authz.v3.ExtAuthz",
      "envoy.extensions.filters.http.ext_authz.v3.ExtAuthzPerRoute",
    ],
    config: async () => (await import("./http/ext_authz/config.ts")).extAuthzConfig,
    filter: async () => (await import("./http/ext_authz/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.fault",
    types: ["envoy.extensions.filters.http.fault.v3.HTTPFault"],
    config: async () => (await import("./http/fault/config.ts")).faultConfig,
    filter: async () => (await import("./http/fault/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.grpc_http1_bridge",
    types: ["envoy.extensions.filters.http.grpc_http1_bridge.v3.Config"],
    config: async () => (await import("./http/grpc_http1_bridge/config.ts")).grpcHttp1BridgeConfig,
    filter: async () => (await import("./http/grpc_http1_bridge/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.grpc_stats",
    types: ["envoy.extensions.filters.http.grpc_stats.v3.FilterConfig"],
    config: async () => (await import("./http/grpc_stats/config.ts")).grpcStatsConfig,
    filter: async () => (await import("./http/grpc_stats/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.grpc_web",
    types: ["envoy.extensions.filters.http.grpc_web.v3.GrpcWeb"],
    config: async () => (await import("./http/grpc_web/config.ts")).grpcWebConfig,
    filter: async () => (await import("./http/grpc_web/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.header_mutation",
    types: [
      "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation",
      "envoy.extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute",
    ],
    config: async () => (await import("./http/header_mutation/config.ts")).headerMutationConfig,
    filter: async () => (await import("./http/header_mutation/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.header_to_metadata",
    types: ["envoy.extensions.filters.http.header_to_metadata.v3.Config"],
    config: async () => (await import("./http/header_to_metadata/config.ts")).headerToMetadataConfig,
    filter: async () => (await import("./http/header_to_metadata/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.health_check",
    types: ["envoy.extensions.filters.http.health_check.v3.HealthCheck"],
    config: async () => (await import("./http/health_check/config.ts")).healthCheckConfig,
    filter: async () => (await import("./http/health_check/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.ip_tagging",
    types: ["envoy.extensions.filters.http.ip_tagging.v3.IPTagging"],
    config: async () => (await import("./http/ip_tagging/config.ts")).ipTaggingConfig,
    filter: async () => (await import("./http/ip_tagging/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.jwt_authn",
    types: [
      "envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication",
      "envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig",
    ],
    config: async () => (await import("./http/jwt_authn/config.ts")).jwtAuthnConfig,
    filter: async () => (await import("./http/jwt_authn/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.local_ratelimit",
    types: ["envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit"],
    config: async () => (await import("./http/local_ratelimit/config.ts")).localRateLimitConfig,
    filter: async () => (await import("./http/local_ratelimit/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.on_demand",
    types: [
      "envoy.extensions.filters.http.on_demand.v3.OnDemand",
      "envoy.extensions.filters.http.on_demand.v3.PerRouteConfig",
    ],
    config: async () => (await import("./http/on_demand/config.ts")).onDemandConfig,
    filter: async () => (await import("./http/on_demand/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.ratelimit",
    types: [
      "envoy.extensions.filters.http.ratelimit.v3.RateLimit",
      "envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute",
    ],
    config: async () => (await import("./http/ratelimit/config.ts")).rateLimitConfig,
    filter: async () => (await import("./http/ratelimit/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.rbac",
    types: ["envoy.extensions.filters.http.rbac.v3.RBAC", "envoy.extensions.filters.http.rbac.v3.RBACPerRoute"],
    config: async () => (await import("./http/rbac/config.ts")).rbacConfig,
    filter: async () => (await import("./http/rbac/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.router",
    types: ["envoy.extensions.filters.http.router.v3.Router"],
    config: async () => (await import("./http/router/config.ts")).routerConfig,
    filter: async () => (await import("./http/router/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.set_filter_state",
    types: ["envoy.extensions.filters.http.set_filter_state.v3.Config"],
    config: async () => (await import("./http/set_filter_state/config.ts")).setFilterStateConfig,
    filter: async () => (await import("./http/set_filter_state/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.set_metadata",
    types: ["envoy.extensions.filters.http.set_metadata.v3.Config"],
    config: async () => (await import("./http/set_metadata/config.ts")).setMetadataConfig,
    filter: async () => (await import("./http/set_metadata/factory.ts")).httpFilter,
  },
  {
    name: "envoy.filters.http.stateful_session",
    types: [
      "envoy.extensions.filters.http.stateful_session.v3.StatefulSession",
      "envoy.extensions.filters.http.stateful_session.v3.StatefulSessionPerRoute",
    ],
    config: async () => (await import("./http/stateful_session/config.ts")).statefulSessionConfig,
    filter: async () => (await import("./http/stateful_session/factory.ts")).httpFilter,
  },
  {
    name: "troupe.filters.http.module",
    types: [
      "troupe.extensions.filters.http.module.v3.Module",
      "troupe.extensions.filters.http.module.v3.ModulePerRoute",
    ],
    config: async () => (await import("./http/module/config.ts")).moduleConfig,
    filter: async () => (await import("./http/module/factory.ts")).httpFilter,
  },
];

/** Every network filter there is. */
export const NETWORK_FILTERS: readonly NetworkFilterEntry[] = [
  {
    name: "envoy.filters.network.connection_limit",
    types: ["envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit"],
    config: async () => (await import("./network/connection_limit/config.ts")).connectionLimitConfig,
    filter: async () => (await import("./network/connection_limit/factory.ts")).networkFilter,
  },
  {
    name: "envoy.filters.network.direct_response",
    types: ["envoy.extensions.filters.network.direct_response.v3.Config"],
    config: async () => (await import("./network/direct_response/config.ts")).directResponseConfig,
    filter: async () => (await import("./network/direct_response/factory.ts")).networkFilter,
  },
  {
    name: "envoy.filters.network.echo",
    types: ["envoy.extensions.filters.network.echo.v3.Echo"],
    config: async () => (await import("./network/echo/config.ts")).echoConfig,
    filter: async () => (await import("./network/echo/factory.ts")).networkFilter,
  },
  {
    name: "envoy.filters.network.http_connection_manager",
    types: ["envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"],
    config: async () => (await import("./network/http_connection_manager/config.ts")).httpConnectionManagerConfig,
    filter: async () => (await import("./network/http_connection_manager/factory.ts")).networkFilter,
  },
  {
    name: "envoy.filters.network.local_ratelimit",
    types: ["envoy.extensions.filters.network.local_ratelimit.v3.LocalRateLimit"],
    config: async () => (await import("./network/local_ratelimit/config.ts")).localRateLimitConfig,
    filter: async () => (await import("./network/local_ratelimit/factory.ts")).networkFilter,
  },
  {
    name: "envoy.filters.network.rbac",
    types: ["envoy.extensions.filters.network.rbac.v3.RBAC"],
    config: async () => (await import("./network/rbac/config.ts")).rbacConfig,
    filter: async () => (await import("./network/rbac/factory.ts")).networkFilter,
  },
  {
    name: "envoy.filters.network.set_filter_state",
    types: ["envoy.extensions.filters.network.set_filter_state.v3.Config"],
    config: async () => (await import("./network/set_filter_state/config.ts")).setFilterStateConfig,
    filter: async () => (await import("./network/set_filter_state/factory.ts")).networkFilter,
  },
  {
    name: "envoy.filters.network.sni_cluster",
    types: ["envoy.extensions.filters.network.sni_cluster.v3.SniCluster"],
    config: async () => (await import("./network/sni_cluster/config.ts")).sniClusterConfig,
    filter: async () => (await import("./network/sni_cluster/factory.ts")).networkFilter,
  },
  {
    name: "envoy.filters.network.tcp_proxy",
    types: ["envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy"],
    config: async () => (await import("./network/tcp_proxy/config.ts")).tcpProxyConfig,
    filter: async () => (await import("./network/tcp_proxy/factory.ts")).networkFilter,
  },
];

/** Every access logger there is. */
export const ACCESS_LOGGERS: readonly AccessLoggerEntry[] = [
  {
    name: "envoy.access_loggers.file",
    types: ["envoy.extensions.access_loggers.file.v3.FileAccessLog"],
    config: async () => (await import("./access_loggers/file/config.ts")).fileLoggerConfig,
    logger: async () => (await import("./access_loggers/file/logger.ts")).accessLogger,
  },
  {
    name: "envoy.access_loggers.stdout",
    types: ["envoy.extensions.access_loggers.stream.v3.StdoutAccessLog"],
    config: async () => (await import("./access_loggers/stdout/config.ts")).stdoutLoggerConfig,
    logger: async () => (await import("./access_loggers/stdout/logger.ts")).accessLogger,
  },
  {
    name: "envoy.access_loggers.stderr",
    types: ["envoy.extensions.access_loggers.stream.v3.StderrAccessLog"],
    config: async () => (await import("./access_loggers/stderr/config.ts")).stderrLoggerConfig,
    logger: async () => (await import("./access_loggers/stderr/logger.ts")).accessLogger,
  },
];

/** Every listener filter. */
export const LISTENER_FILTERS: readonly ListenerFilterEntry[] = [
  {
    name: "envoy.filters.listener.http_inspector",
    types: ["envoy.extensions.filters.listener.http_inspector.v3.HttpInspector"],
    config: async () => (await import("./listener/http_inspector/config.ts")).httpInspectorConfig,
    filter: async () => (await import("./listener/http_inspector/factory.ts")).listenerFilter,
  },
  {
    name: "envoy.filters.listener.local_ratelimit",
    types: ["envoy.extensions.filters.listener.local_ratelimit.v3.LocalRateLimit"],
    config: async () => (await import("./listener/local_ratelimit/config.ts")).listenerRateLimitConfig,
    filter: async () => (await import("./listener/local_ratelimit/factory.ts")).listenerFilter,
  },
  {
    name: "envoy.filters.listener.proxy_protocol",
    types: ["envoy.extensions.filters.listener.proxy_protocol.v3.ProxyProtocol"],
    config: async () => (await import("./listener/proxy_protocol/config.ts")).proxyProtocolConfig,
    filter: async () => (await import("./listener/proxy_protocol/factory.ts")).listenerFilter,
  },
  {
    name: "envoy.filters.listener.tls_inspector",
    types: ["envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"],
    config: async () => (await import("./listener/tls_inspector/config.ts")).tlsInspectorConfig,
    filter: async () => (await import("./listener/tls_inspector/factory.ts")).listenerFilter,
  },
];

/** Every UDP listener filter. */
export const UDP_LISTENER_FILTERS: readonly UdpListenerFilterEntry[] = [
  {
    name: "envoy.filters.udp_listener.udp_proxy",
    types: ["envoy.extensions.filters.udp.udp_proxy.v3.UdpProxyConfig"],
    config: async () => (await import("./udp_listener/udp_proxy/config.ts")).udpProxyConfig,
    filter: async () => (await import("./udp_listener/udp_proxy/factory.ts")).udpListenerFilter,
  },
];

/** Every transport socket beside the plain one. */
export const TRANSPORT_SOCKETS: readonly TransportSocketEntry[] = [
  {
    name: "envoy.transport_sockets.tls",
    types: ["envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext"],
    config: async () => (await import("./transport_sockets/tls/config.ts")).downstreamTlsConfig,
    socket: async () => (await import("./transport_sockets/tls/transport-socket.ts")).transportSocket,
  },
  {
    name: "envoy.transport_sockets.upstream_proxy_protocol",
    types: ["envoy.extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport"],
    config: async () =>
      (await import("./transport_sockets/upstream_proxy_protocol/config.ts")).upstreamProxyProtocolConfig,
    socket: async () =>
      (await import("./transport_sockets/upstream_proxy_protocol/transport-socket.ts")).transportSocket,
  },
];

/** Every tracing provider. */
export const TRACERS: readonly TracerEntry[] = [
  {
    name: "envoy.tracers.zipkin",
    types: ["envoy.config.trace.v3.ZipkinConfig"],
    config: async () => (await import("./tracers/zipkin/config.ts")).zipkinConfig,
    tracer: async () => (await import("./tracers/zipkin/factory.ts")).tracer,
  },
  {
    name: "envoy.tracers.opentelemetry",
    types: ["envoy.config.trace.v3.OpenTelemetryConfig"],
    config: async () => (await import("./tracers/opentelemetry/config.ts")).openTelemetryConfig,
    tracer: async () => (await import("./tracers/opentelemetry/factory.ts")).tracer,
  },
];
