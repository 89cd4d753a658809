import { type MessageSupport, notYet, support, supportAll, yes } from "../../../config/field-support.ts";
import { BackoffStrategySchema } from "../../../proto/gen/envoy/config/core/v3/backoff_pb.js";
import {
  TcpProxy_TcpAccessLogOptionsSchema,
  TcpProxy_TunnelingConfigSchema,
  TcpProxy_WeightedCluster_ClusterWeightSchema,
  TcpProxy_WeightedClusterSchema,
  TcpProxySchema,
} from "../../../proto/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js";
import {
  HashPolicy_FilterStateSchema,
  HashPolicy_SourceIpSchema,
  HashPolicySchema,
} from "../../../proto/gen/envoy/type/v3/hash_policy_pb.js";
import { PercentSchema } from "../../../proto/gen/envoy/type/v3/percent_pb.js";

import { headerValueSupport } from "../../../route/compile/header-mutations.ts";

/** Which settings of the TCP proxy are implemented. */
export const TCP_PROXY_SUPPORT: readonly MessageSupport[] = [
  support(TcpProxySchema, {
    stat_prefix: yes,
    cluster: yes,
    weighted_clusters: yes,
    metadata_match: yes,
    idle_timeout: yes,
    max_downstream_connection_duration: yes,
    max_downstream_connection_duration_jitter_percentage: yes,
    max_connect_attempts: yes,
    backoff_options: yes,
    hash_policy: yes,
    access_log: yes,
    access_log_flush_interval: yes,
    flush_access_log_on_connected: yes,
    access_log_options: yes,
    on_demand: notYet("clusters come with the configuration"),
    tunneling_config: yes,
    downstream_idle_timeout: notYet("Envoy does not implement it either", "use idle_timeout"),
    upstream_idle_timeout: notYet("Envoy does not implement it either", "use idle_timeout"),
  }),
  supportAll(TcpProxy_WeightedClusterSchema),
  supportAll(BackoffStrategySchema),
  supportAll(PercentSchema),
  supportAll(TcpProxy_TunnelingConfigSchema),
  ...headerValueSupport,
  supportAll(TcpProxy_WeightedCluster_ClusterWeightSchema),
  supportAll(TcpProxy_TcpAccessLogOptionsSchema),
  supportAll(HashPolicySchema),
  supportAll(HashPolicy_SourceIpSchema),
  supportAll(HashPolicy_FilterStateSchema),
];
