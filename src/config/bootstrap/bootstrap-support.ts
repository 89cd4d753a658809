import {
  AdminSchema,
  Bootstrap_StaticResourcesSchema,
  BootstrapSchema,
  ClusterManager_OutlierDetectionSchema,
  ClusterManagerSchema,
} from "../../proto/gen/envoy/config/bootstrap/v3/bootstrap_pb.js";
import { AddressSchema, PipeSchema, SocketAddressSchema } from "../../proto/gen/envoy/config/core/v3/address_pb.js";
import { LocalitySchema, NodeSchema } from "../../proto/gen/envoy/config/core/v3/base_pb.js";
import { TypedExtensionConfigSchema } from "../../proto/gen/envoy/config/core/v3/extension_pb.js";
import {
  HistogramBucketSettingsSchema,
  StatsConfigSchema,
  StatsMatcherSchema,
  StatsSinkSchema,
  TagSpecifierSchema,
} from "../../proto/gen/envoy/config/metrics/v3/stats_pb.js";
import { RegexMatcher_GoogleRE2Schema, RegexMatcherSchema } from "../../proto/gen/envoy/type/matcher/v3/regex_pb.js";
import { ListStringMatcherSchema, StringMatcherSchema } from "../../proto/gen/envoy/type/matcher/v3/string_pb.js";
import { type MessageSupport, noEffect, notYet, only, support, supportAll, within, yes } from "../field-support.ts";
import { UPSTREAM_BIND_SUPPORT } from "../upstream-bind.ts";
import { OVERLOAD_SUPPORT } from "./overload.ts";
import { runtimeLayersSupport } from "./runtime-layers.ts";

const node: readonly MessageSupport[] = [
  supportAll(LocalitySchema),
  support(NodeSchema, {
    id: yes,
    cluster: yes,
    metadata: yes,
    locality: yes,
    user_agent_name: noEffect("Troupe states its own name"),
    user_agent_version: noEffect("Troupe states its own version"),
    user_agent_build_version: noEffect("Troupe states its own version"),
  }),
];

const admin: readonly MessageSupport[] = [
  support(AdminSchema, {
    address: yes,
    access_log_path: yes,
    access_log: yes,
    profile_path: noEffect("CPU profiles are answered to the request that asks for them"),
    ignore_global_conn_limit: noEffect("connections to the admin endpoint are neither limited nor counted"),
  }),
  support(AddressSchema, { socket_address: yes, pipe: yes }),
  support(SocketAddressSchema, {
    protocol: only(["TCP"]),
    address: yes,
    port_value: yes,
  }),
  supportAll(PipeSchema),
];

const stats: readonly MessageSupport[] = [
  supportAll(StatsConfigSchema),
  supportAll(StatsMatcherSchema),
  supportAll(TagSpecifierSchema),
  supportAll(HistogramBucketSettingsSchema),
  supportAll(ListStringMatcherSchema),
  supportAll(StringMatcherSchema, { custom: notYet() }),
  support(RegexMatcherSchema, { regex: yes, google_re2: yes }),
  support(RegexMatcher_GoogleRE2Schema, { max_program_size: noEffect("Troupe has a limit of its own") }),
];

/** Which settings of the bootstrap itself are implemented. */
export const BOOTSTRAP_SUPPORT: readonly MessageSupport[] = [
  support(BootstrapSchema, {
    node: within(...node),
    static_resources: yes,
    dynamic_resources: notYet("there is no xDS yet", "list listeners and clusters under static_resources"),
    cluster_manager: yes,
    stats_config: within(...stats),
    stats_flush_interval: yes,
    stats_flush_on_admin: yes,
    stats_sinks: yes,
    admin: within(...admin),
    layered_runtime: within(...runtimeLayersSupport),
    typed_dns_resolver_config: within(supportAll(TypedExtensionConfigSchema)),
    overload_manager: within(...OVERLOAD_SUPPORT),
  }),
  support(StatsSinkSchema, { name: yes, typed_config: yes }),
  support(Bootstrap_StaticResourcesSchema, { listeners: yes, clusters: yes, secrets: yes }),
  support(ClusterManagerSchema, {
    local_cluster_name: yes,
    outlier_detection: within(
      supportAll(ClusterManager_OutlierDetectionSchema, {
        event_service: notYet("there is only the file of event_log_path"),
      }),
    ),
    upstream_bind_config: within(...UPSTREAM_BIND_SUPPORT),
    enable_deferred_cluster_creation: noEffect("workers make every cluster on first use"),
  }),
];
