import type { ExtensionEntry } from "./extension-entry.ts";

/** Extensions that are only settings of something else: the worker has no half of its own for them. */
export const OTHER_EXTENSIONS: readonly ExtensionEntry[] = [
  {
    name: "envoy.clusters.aggregate",
    types: ["envoy.extensions.clusters.aggregate.v3.ClusterConfig"],
    config: async () => (await import("./clusters/aggregate/config.ts")).aggregateClusterConfig,
  },
  {
    name: "envoy.compression.brotli.compressor",
    types: ["envoy.extensions.compression.brotli.compressor.v3.Brotli"],
    config: async () => (await import("./compression/brotli_compressor/config.ts")).brotliCompressorConfig,
  },
  {
    name: "envoy.compression.brotli.decompressor",
    types: ["envoy.extensions.compression.brotli.decompressor.v3.Brotli"],
    config: async () => (await import("./compression/brotli_decompressor/config.ts")).brotliDecompressorConfig,
  },
  {
    name: "envoy.compression.gzip.compressor",
    types: ["envoy.extensions.compression.gzip.compressor.v3.Gzip"],
    config: async () => (await import("./compression/gzip_compressor/config.ts")).gzipCompressorConfig,
  },
  {
    name: "envoy.compression.gzip.decompressor",
    types: ["envoy.extensions.compression.gzip.decompressor.v3.Gzip"],
    config: async () => (await import("./compression/gzip_decompressor/config.ts")).gzipDecompressorConfig,
  },
  {
    name: "envoy.compression.zstd.compressor",
    types: ["envoy.extensions.compression.zstd.compressor.v3.Zstd"],
    config: async () => (await import("./compression/zstd_compressor/config.ts")).zstdCompressorConfig,
  },
  {
    name: "envoy.compression.zstd.decompressor",
    types: ["envoy.extensions.compression.zstd.decompressor.v3.Zstd"],
    config: async () => (await import("./compression/zstd_decompressor/config.ts")).zstdDecompressorConfig,
  },
  {
    name: "envoy.health_check.event_sinks.file",
    types: ["envoy.extensions.health_check.event_sinks.file.v3.HealthCheckEventFileSink"],
    config: async () => (await import("./health_check_event_sinks/file/config.ts")).fileEventSinkConfig,
  },
  {
    name: "envoy.http.early_header_mutation.header_mutation",
    types: ["envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation"],
    config: async () => (await import("./early_header_mutation/header_mutation/config.ts")).earlyHeaderMutationConfig,
  },
  {
    name: "envoy.http.original_ip_detection.custom_header",
    types: ["envoy.extensions.http.original_ip_detection.custom_header.v3.CustomHeaderConfig"],
    config: async () => (await import("./original_ip_detection/custom_header/config.ts")).customHeaderDetectionConfig,
  },
  {
    name: "envoy.http.original_ip_detection.xff",
    types: ["envoy.extensions.http.original_ip_detection.xff.v3.XffConfig"],
    config: async () => (await import("./original_ip_detection/xff/config.ts")).xffDetectionConfig,
  },
  {
    name: "envoy.request_id.uuid",
    types: ["envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig"],
    config: async () => (await import("./request_id/uuid/config.ts")).uuidRequestIdConfig,
  },
  {
    name: "envoy.http.stateful_session.cookie",
    types: ["envoy.extensions.http.stateful_session.cookie.v3.CookieBasedSessionState"],
    config: async () => (await import("./stateful_session/cookie/config.ts")).cookieSessionConfig,
  },
  {
    name: "envoy.http.stateful_session.header",
    types: ["envoy.extensions.http.stateful_session.header.v3.HeaderBasedSessionState"],
    config: async () => (await import("./stateful_session/header/config.ts")).headerSessionConfig,
  },
  {
    name: "envoy.http.stateful_header_formatters.preserve_case",
    types: ["envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig"],
    config: async () => (await import("./stateful_header_formatters/preserve_case/config.ts")).preserveCaseConfig,
  },
  {
    name: "envoy.internal_redirect_predicates.previous_routes",
    types: ["envoy.extensions.internal_redirect.previous_routes.v3.PreviousRoutesConfig"],
    config: async () => (await import("./internal_redirect_predicates/previous_routes/config.ts")).previousRoutesConfig,
  },
  {
    name: "envoy.internal_redirect_predicates.allow_listed_routes",
    types: ["envoy.extensions.internal_redirect.allow_listed_routes.v3.AllowListedRoutesConfig"],
    config: async () =>
      (await import("./internal_redirect_predicates/allow_listed_routes/config.ts")).allowListedRoutesConfig,
  },
  {
    name: "envoy.internal_redirect_predicates.safe_cross_scheme",
    types: ["envoy.extensions.internal_redirect.safe_cross_scheme.v3.SafeCrossSchemeConfig"],
    config: async () =>
      (await import("./internal_redirect_predicates/safe_cross_scheme/config.ts")).safeCrossSchemeConfig,
  },
  {
    name: "envoy.tracers.opentelemetry.resource_detectors.environment",
    types: ["envoy.extensions.tracers.opentelemetry.resource_detectors.v3.EnvironmentResourceDetectorConfig"],
    config: async () =>
      (await import("./opentelemetry_resource_detectors/environment/config.ts")).environmentDetectorConfig,
  },
  {
    name: "envoy.tracers.opentelemetry.resource_detectors.static_config",
    types: ["envoy.extensions.tracers.opentelemetry.resource_detectors.v3.StaticConfigResourceDetectorConfig"],
    config: async () =>
      (await import("./opentelemetry_resource_detectors/static_config/config.ts")).staticDetectorConfig,
  },
  {
    name: "envoy.load_balancing_policies.round_robin",
    types: ["envoy.extensions.load_balancing_policies.round_robin.v3.RoundRobin"],
    config: async () => (await import("./load_balancing_policies/round_robin/config.ts")).roundRobinConfig,
  },
  {
    name: "envoy.load_balancing_policies.least_request",
    types: ["envoy.extensions.load_balancing_policies.least_request.v3.LeastRequest"],
    config: async () => (await import("./load_balancing_policies/least_request/config.ts")).leastRequestConfig,
  },
  {
    name: "envoy.load_balancing_policies.random",
    types: ["envoy.extensions.load_balancing_policies.random.v3.Random"],
    config: async () => (await import("./load_balancing_policies/random/config.ts")).randomConfig,
  },
  {
    name: "envoy.load_balancing_policies.ring_hash",
    types: ["envoy.extensions.load_balancing_policies.ring_hash.v3.RingHash"],
    config: async () => (await import("./load_balancing_policies/ring_hash/config.ts")).ringHashConfig,
  },
  {
    name: "envoy.load_balancing_policies.maglev",
    types: ["envoy.extensions.load_balancing_policies.maglev.v3.Maglev"],
    config: async () => (await import("./load_balancing_policies/maglev/config.ts")).maglevConfig,
  },
  {
    name: "envoy.load_balancing_policies.subset",
    types: ["envoy.extensions.load_balancing_policies.subset.v3.Subset"],
    config: async () => (await import("./load_balancing_policies/subset/config.ts")).subsetConfig,
  },
  {
    name: "envoy.load_balancing_policies.wrr_locality",
    types: ["envoy.extensions.load_balancing_policies.wrr_locality.v3.WrrLocality"],
    config: async () => (await import("./load_balancing_policies/wrr_locality/config.ts")).wrrLocalityConfig,
  },
  {
    name: "envoy.filters.rbac.action",
    types: ["envoy.config.rbac.v3.Action"],
    config: async () => (await import("./rbac/action.ts")).rbacActionConfig,
  },
  {
    name: "envoy.matching.inputs.destination_ip",
    types: ["envoy.extensions.matching.common_inputs.network.v3.DestinationIPInput"],
    config: async () => (await import("./matching/inputs.ts")).destinationIpInput,
  },
  {
    name: "envoy.matching.inputs.destination_port",
    types: ["envoy.extensions.matching.common_inputs.network.v3.DestinationPortInput"],
    config: async () => (await import("./matching/inputs.ts")).destinationPortInput,
  },
  {
    name: "envoy.matching.inputs.direct_source_ip",
    types: ["envoy.extensions.matching.common_inputs.network.v3.DirectSourceIPInput"],
    config: async () => (await import("./matching/inputs.ts")).directSourceIpInput,
  },
  {
    name: "envoy.matching.inputs.dns_san",
    types: ["envoy.extensions.matching.common_inputs.ssl.v3.DnsSanInput"],
    config: async () => (await import("./matching/inputs.ts")).dnsSanInput,
  },
  {
    name: "envoy.matching.inputs.filter_state",
    types: ["envoy.extensions.matching.common_inputs.network.v3.FilterStateInput"],
    config: async () => (await import("./matching/inputs.ts")).filterStateInput,
  },
  {
    name: "envoy.matching.inputs.request_headers",
    types: ["envoy.type.matcher.v3.HttpRequestHeaderMatchInput"],
    config: async () => (await import("./matching/inputs.ts")).requestHeadersInput,
  },
  {
    name: "envoy.matching.inputs.server_name",
    types: ["envoy.extensions.matching.common_inputs.network.v3.ServerNameInput"],
    config: async () => (await import("./matching/inputs.ts")).serverNameInput,
  },
  {
    name: "envoy.matching.inputs.source_ip",
    types: ["envoy.extensions.matching.common_inputs.network.v3.SourceIPInput"],
    config: async () => (await import("./matching/inputs.ts")).sourceIpInput,
  },
  {
    name: "envoy.matching.inputs.source_port",
    types: ["envoy.extensions.matching.common_inputs.network.v3.SourcePortInput"],
    config: async () => (await import("./matching/inputs.ts")).sourcePortInput,
  },
  {
    name: "envoy.matching.inputs.subject",
    types: ["envoy.extensions.matching.common_inputs.ssl.v3.SubjectInput"],
    config: async () => (await import("./matching/inputs.ts")).subjectInput,
  },
  {
    name: "envoy.matching.inputs.uri_san",
    types: ["envoy.extensions.matching.common_inputs.ssl.v3.UriSanInput"],
    config: async () => (await import("./matching/inputs.ts")).uriSanInput,
  },
  {
    name: "envoy.matching.matchers.ip",
    types: ["envoy.extensions.matching.input_matchers.ip.v3.Ip"],
    config: async () => (await import("./matching/ip-matcher.ts")).ipMatcherConfig,
  },
  {
    name: "envoy.path.match.uri_template.uri_template_matcher",
    types: ["envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig"],
    config: async () => (await import("./path_match/uri_template/config.ts")).uriTemplateMatchConfig,
  },
  {
    name: "envoy.path.rewrite.uri_template.uri_template_rewriter",
    types: ["envoy.extensions.path.rewrite.uri_template.v3.UriTemplateRewriteConfig"],
    config: async () => (await import("./path_rewrite/uri_template/config.ts")).uriTemplateRewriteConfig,
  },
  {
    name: "envoy.resource_monitors.global_downstream_max_connections",
    types: ["envoy.extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig"],
    config: async () =>
      (await import("./resource_monitors/downstream_connections/config.ts")).downstreamConnectionsConfig,
  },
  {
    name: "envoy.retry_host_predicates.omit_canary_hosts",
    types: ["envoy.extensions.retry.host.omit_canary_hosts.v3.OmitCanaryHostsPredicate"],
    config: async () => (await import("./retry_host_predicates/omit_canary_hosts/config.ts")).omitCanaryHostsConfig,
  },
  {
    name: "envoy.retry_host_predicates.omit_host_metadata",
    types: ["envoy.extensions.retry.host.omit_host_metadata.v3.OmitHostMetadataConfig"],
    config: async () => (await import("./retry_host_predicates/omit_host_metadata/config.ts")).omitHostMetadataConfig,
  },
  {
    name: "envoy.retry_host_predicates.previous_hosts",
    types: ["envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"],
    config: async () => (await import("./retry_host_predicates/previous_hosts/config.ts")).previousHostsConfig,
  },
  {
    name: "envoy.retry_priorities.previous_priorities",
    types: ["envoy.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig"],
    config: async () => (await import("./retry_priorities/previous_priorities/config.ts")).previousPrioritiesConfig,
  },
  {
    name: "envoy.extensions.filters.udp.udp_proxy.v3.Route",
    types: ["envoy.extensions.filters.udp.udp_proxy.v3.Route"],
    config: async () => (await import("./udp_listener/udp_route/config.ts")).udpRouteConfig,
  },
  {
    name: "envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
    types: ["envoy.extensions.upstreams.http.v3.HttpProtocolOptions"],
    config: async () => (await import("./upstream_options/http_protocol_options/config.ts")).httpProtocolOptionsConfig,
  },
  {
    name: "envoy.stat_sinks.statsd",
    types: ["envoy.config.metrics.v3.StatsdSink"],
    config: async () => (await import("./stat_sinks/statsd/config.ts")).statsdSinkConfig,
  },
  {
    name: "envoy.stat_sinks.dog_statsd",
    types: ["envoy.config.metrics.v3.DogStatsdSink"],
    config: async () => (await import("./stat_sinks/dog_statsd/config.ts")).dogStatsdSinkConfig,
  },
  {
    name: "envoy.stat_sinks.graphite_statsd",
    types: ["envoy.extensions.stat_sinks.graphite_statsd.v3.GraphiteStatsdSink"],
    config: async () => (await import("./stat_sinks/graphite_statsd/config.ts")).graphiteStatsdSinkConfig,
  },
  {
    name: "envoy.stat_sinks.open_telemetry",
    types: ["envoy.extensions.stat_sinks.open_telemetry.v3.SinkConfig"],
    config: async () => (await import("./stat_sinks/open_telemetry/config.ts")).openTelemetrySinkConfig,
  },
  {
    name: "envoy.network.dns_resolver.cares",
    types: ["envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig"],
    config: async () => (await import("./network_dns_resolver/cares/config.ts")).caresResolverConfig,
  },
  {
    name: "envoy.transport_sockets.tls",
    types: ["envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"],
    config: async () => (await import("./transport_sockets/tls/config.ts")).upstreamTlsConfig,
  },
  {
    name: "envoy.transport_sockets.raw_buffer",
    types: ["envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer"],
    config: async () => (await import("./transport_sockets/raw_buffer/config.ts")).rawBufferConfig,
  },
];
