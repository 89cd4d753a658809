import {
  type MessageSupport,
  noEffect,
  notYet,
  only,
  support,
  supportAll,
  within,
  yes,
} from "../../config/field-support.ts";
import { UPSTREAM_BIND_SUPPORT } from "../../config/upstream-bind.ts";
import {
  CircuitBreakers_Thresholds_RetryBudgetSchema,
  CircuitBreakers_ThresholdsSchema,
  CircuitBreakersSchema,
} from "../../proto/gen/envoy/config/cluster/v3/circuit_breaker_pb.js";
import {
  Cluster_CommonLbConfig_ConsistentHashingLbConfigSchema,
  Cluster_CommonLbConfig_LocalityWeightedLbConfigSchema,
  Cluster_CommonLbConfig_ZoneAwareLbConfigSchema,
  Cluster_CommonLbConfigSchema,
  Cluster_CustomClusterTypeSchema,
  Cluster_EdsClusterConfigSchema,
  Cluster_LbSubsetConfig_LbSubsetSelectorSchema,
  Cluster_LbSubsetConfigSchema,
  Cluster_LeastRequestLbConfigSchema,
  Cluster_MaglevLbConfigSchema,
  Cluster_PreconnectPolicySchema,
  Cluster_RefreshRateSchema,
  Cluster_RingHashLbConfigSchema,
  Cluster_RoundRobinLbConfigSchema,
  Cluster_SlowStartConfigSchema,
  Cluster_TransportSocketMatchSchema,
  ClusterSchema,
  TrackClusterStatsSchema,
  UpstreamConnectionOptions_HappyEyeballsConfigSchema,
  UpstreamConnectionOptionsSchema,
} from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import {
  AddressSchema,
  PipeSchema,
  SocketAddressSchema,
  TcpKeepaliveSchema,
} from "../../proto/gen/envoy/config/core/v3/address_pb.js";
import {
  LocalitySchema,
  MetadataSchema,
  RuntimeDoubleSchema,
  TransportSocketSchema,
  WatchedDirectorySchema,
} from "../../proto/gen/envoy/config/core/v3/base_pb.js";
import { ConfigSourceSchema, PathConfigSourceSchema } from "../../proto/gen/envoy/config/core/v3/config_source_pb.js";
import { TypedExtensionConfigSchema } from "../../proto/gen/envoy/config/core/v3/extension_pb.js";
import { HealthStatusSetSchema } from "../../proto/gen/envoy/config/core/v3/health_check_pb.js";
import {
  DnsResolutionConfigSchema,
  DnsResolverOptionsSchema,
} from "../../proto/gen/envoy/config/core/v3/resolver_pb.js";
import {
  Endpoint_AdditionalAddressSchema,
  EndpointSchema,
  LbEndpointSchema,
  LocalityLbEndpointsSchema,
} from "../../proto/gen/envoy/config/endpoint/v3/endpoint_components_pb.js";
import {
  ClusterLoadAssignment_PolicySchema,
  ClusterLoadAssignmentSchema,
} from "../../proto/gen/envoy/config/endpoint/v3/endpoint_pb.js";
import {
  LocalityLbConfig_LocalityWeightedLbConfigSchema,
  LocalityLbConfig_ZoneAwareLbConfigSchema,
  LocalityLbConfigSchema,
  SlowStartConfigSchema,
} from "../../proto/gen/envoy/extensions/load_balancing_policies/common/v3/common_pb.js";
import { PercentSchema } from "../../proto/gen/envoy/type/v3/percent_pb.js";
import { NAME_SERVERS } from "./discovery.ts";
import { DROP_OVERLOAD_SUPPORT } from "./drop-overload.ts";
import { HEALTH_CHECK_SUPPORT } from "./health-check-support.ts";
import { UPSTREAM_PROTOCOL_SUPPORT } from "./http-protocol-support.ts";
import { LOAD_BALANCING_POLICY_SUPPORT } from "./load-balancing-policy.ts";
import { ORIGINAL_DST_SUPPORT } from "./original-dst.ts";
import { outlierDetectionSupport } from "./outlier-detection.ts";

const METADATA = support(MetadataSchema, { filter_metadata: yes, typed_filter_metadata: notYet() });
const NO_TCP_LOOKUPS = only([false], "Node.js asks name servers by UDP, and by TCP only for answers that are too long");
const TRANSPORT_SOCKET = support(TransportSocketSchema, { name: yes, typed_config: yes });
const RUNTIME_DOUBLE = { default_value: yes, runtime_key: noEffect("the default value always holds here") };
const ZONE_AWARE = { routing_enabled: yes, min_cluster_size: yes, fail_traffic_on_panic: yes };

const ENDPOINT_ADDRESS: readonly MessageSupport[] = [
  support(AddressSchema, { socket_address: yes, pipe: yes }),
  support(SocketAddressSchema, {
    protocol: only(["TCP"]),
    address: yes,
    port_value: yes,
    named_port: notYet("there are no resolvers that know port names", "use port_value"),
    ipv4_compat: noEffect("it is about listening"),
  }),
  support(PipeSchema, { path: yes, mode: noEffect("it is about listening") }),
];

const CLUSTER = support(ClusterSchema, {
  name: yes,
  alt_stat_name: yes,
  type: only(["STATIC", "STRICT_DNS", "LOGICAL_DNS", "EDS", "ORIGINAL_DST"]),
  cluster_type: within(supportAll(Cluster_CustomClusterTypeSchema)),
  connect_timeout: yes,
  per_connection_buffer_limit_bytes: yes,
  lb_policy: only([
    "ROUND_ROBIN",
    "LEAST_REQUEST",
    "RANDOM",
    "RING_HASH",
    "MAGLEV",
    "CLUSTER_PROVIDED",
    "LOAD_BALANCING_POLICY_CONFIG",
  ]),
  least_request_lb_config: yes,
  round_robin_lb_config: yes,
  ring_hash_lb_config: yes,
  maglev_lb_config: yes,
  common_lb_config: yes,
  load_balancing_policy: yes,
  lb_subset_config: yes,
  load_assignment: yes,
  max_requests_per_connection: yes,
  circuit_breakers: yes,
  preconnect_policy: yes,
  common_http_protocol_options: within(...UPSTREAM_PROTOCOL_SUPPORT),
  http_protocol_options: within(...UPSTREAM_PROTOCOL_SUPPORT),
  http2_protocol_options: within(...UPSTREAM_PROTOCOL_SUPPORT),
  typed_extension_protocol_options: yes,
  eds_cluster_config: yes,
  dns_refresh_rate: yes,
  dns_failure_refresh_rate: yes,
  respect_dns_ttl: yes,
  dns_lookup_family: yes,
  dns_resolvers: NAME_SERVERS,
  dns_resolution_config: yes,
  typed_dns_resolver_config: yes,
  use_tcp_for_dns_lookups: NO_TCP_LOOKUPS,
  wait_for_warm_on_init: yes,
  health_checks: yes,
  outlier_detection: within(...outlierDetectionSupport),
  close_connections_on_host_health_failure: yes,
  ignore_health_on_host_removal: noEffect("a host that discovery no longer names goes at once, whatever its health"),
  transport_socket: within(TRANSPORT_SOCKET),
  transport_socket_matches: within(supportAll(Cluster_TransportSocketMatchSchema), TRANSPORT_SOCKET),
  upstream_http_protocol_options: within(...UPSTREAM_PROTOCOL_SUPPORT),
  connection_pool_per_downstream_connection: yes,
  protocol_selection: yes,
  original_dst_lb_config: yes,
  cleanup_interval: yes,
  metadata: yes,
  track_timeout_budgets: yes,
  track_cluster_stats: within(supportAll(TrackClusterStatsSchema)),
  upstream_connection_options: yes,
  upstream_bind_config: within(...UPSTREAM_BIND_SUPPORT),
});

/** Which fields of a cluster and its endpoints are implemented. */
export const CLUSTER_SUPPORT: readonly MessageSupport[] = [
  CLUSTER,
  METADATA,
  ORIGINAL_DST_SUPPORT,
  ...HEALTH_CHECK_SUPPORT,
  ...DROP_OVERLOAD_SUPPORT,
  supportAll(Cluster_PreconnectPolicySchema),
  support(CircuitBreakersSchema, {
    thresholds: yes,
    per_host_thresholds: within(support(CircuitBreakers_ThresholdsSchema, { priority: yes, max_connections: yes })),
  }),
  support(CircuitBreakers_ThresholdsSchema, {
    priority: yes,
    max_connections: yes,
    max_pending_requests: yes,
    max_requests: yes,
    max_retries: yes,
    track_remaining: yes,
    retry_budget: yes,
    max_connection_pools: yes,
  }),
  support(CircuitBreakers_Thresholds_RetryBudgetSchema, { budget_percent: yes, min_retry_concurrency: yes }),
  support(PercentSchema, { value: yes }),
  support(Cluster_LeastRequestLbConfigSchema, {
    choice_count: yes,
    active_request_bias: yes,
    slow_start_config: yes,
  }),
  supportAll(Cluster_RoundRobinLbConfigSchema),
  supportAll(Cluster_SlowStartConfigSchema),
  LOAD_BALANCING_POLICY_SUPPORT,
  supportAll(Cluster_LbSubsetConfigSchema),
  supportAll(Cluster_LbSubsetConfig_LbSubsetSelectorSchema),
  supportAll(Cluster_RingHashLbConfigSchema),
  supportAll(Cluster_MaglevLbConfigSchema),
  supportAll(Cluster_CommonLbConfig_ConsistentHashingLbConfigSchema),
  support(RuntimeDoubleSchema, RUNTIME_DOUBLE),
  support(Cluster_CommonLbConfigSchema, {
    healthy_panic_threshold: yes,
    zone_aware_lb_config: yes,
    locality_weighted_lb_config: yes,
    consistent_hashing_lb_config: yes,
    override_host_status: yes,
    update_merge_window: noEffect("the hosts of a STATIC cluster change only with the configuration"),
    ignore_new_hosts_until_first_hc: yes,
    close_connections_on_host_set_change: yes,
  }),
  support(Cluster_CommonLbConfig_ZoneAwareLbConfigSchema, ZONE_AWARE),
  supportAll(Cluster_CommonLbConfig_LocalityWeightedLbConfigSchema),
  supportAll(HealthStatusSetSchema),
  support(Cluster_EdsClusterConfigSchema, { eds_config: yes, service_name: yes }),
  support(ConfigSourceSchema, {
    path: yes,
    path_config_source: yes,
    ads: notYet("ADS comes with xDS", "put the endpoints into a file, with path_config_source"),
    api_config_source: notYet("it comes with xDS", "put the endpoints into a file, with path_config_source"),
    resource_api_version: only(["AUTO", "V3"]),
    initial_fetch_timeout: noEffect("a file is read at once"),
  }),
  support(PathConfigSourceSchema, { path: yes, watched_directory: yes }),
  support(WatchedDirectorySchema, { path: yes }),
  support(Cluster_RefreshRateSchema, { base_interval: yes, max_interval: yes }),
  support(DnsResolutionConfigSchema, { resolvers: NAME_SERVERS, dns_resolver_options: yes }),
  support(DnsResolverOptionsSchema, { use_tcp_for_dns_lookups: NO_TCP_LOOKUPS, no_default_search_domain: yes }),
  support(TypedExtensionConfigSchema, { name: yes, typed_config: yes }),
  support(UpstreamConnectionOptionsSchema, {
    tcp_keepalive: yes,
    set_local_interface_name_on_upstream_connections: only([false], "Node.js does not tell the interface"),
    happy_eyeballs_config: within(
      support(UpstreamConnectionOptions_HappyEyeballsConfigSchema, {
        first_address_family_version: only(["DEFAULT"], "families take turns, beginning with that of the address"),
        first_address_family_count: only([1], "families take turns"),
      }),
    ),
  }),
  support(TcpKeepaliveSchema, {
    keepalive_time: yes,
    keepalive_probes: yes,
    keepalive_interval: yes,
  }),
  support(ClusterLoadAssignmentSchema, { cluster_name: yes, endpoints: yes, policy: yes }),
  support(ClusterLoadAssignment_PolicySchema, {
    overprovisioning_factor: yes,
    weighted_priority_health: yes,
    drop_overloads: yes,
    endpoint_stale_after: noEffect("the endpoints of a STATIC cluster do not get old"),
  }),
  support(LocalityLbEndpointsSchema, {
    locality: yes,
    lb_endpoints: yes,
    priority: yes,
    load_balancing_weight: yes,
  }),
  support(LocalitySchema, { region: yes, zone: yes, sub_zone: yes }),
  support(LbEndpointSchema, {
    endpoint: yes,
    health_status: yes,
    metadata: yes,
    load_balancing_weight: yes,
  }),
  support(EndpointSchema, {
    address: within(...ENDPOINT_ADDRESS),
    hostname: yes,
    health_check_config: yes,
    additional_addresses: within(support(Endpoint_AdditionalAddressSchema, { address: yes }), ...ENDPOINT_ADDRESS),
  }),
];

/** The same for endpoints that discovery brings. */
export const LOAD_ASSIGNMENT_SUPPORT: readonly MessageSupport[] = [
  ...CLUSTER_SUPPORT,
  support(ClusterLoadAssignment_PolicySchema, {
    overprovisioning_factor: yes,
    weighted_priority_health: yes,
    drop_overloads: yes,
    endpoint_stale_after: yes,
  }),
];

/** Which fields of the messages that several load balancing policies share are implemented. */
export const policySupport: readonly MessageSupport[] = [
  supportAll(LocalityLbConfigSchema),
  support(LocalityLbConfig_ZoneAwareLbConfigSchema, ZONE_AWARE),
  supportAll(LocalityLbConfig_LocalityWeightedLbConfigSchema),
  supportAll(SlowStartConfigSchema),
  support(RuntimeDoubleSchema, RUNTIME_DOUBLE),
  support(PercentSchema, { value: yes }),
  LOAD_BALANCING_POLICY_SUPPORT,
];
