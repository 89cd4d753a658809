import { type MessageSupport, noEffect, notYet, support, supportAll, yes } from "../../config/field-support.ts";
import { MetadataSchema } from "../../proto/gen/envoy/config/core/v3/base_pb.js";
import {
  DecoratorSchema,
  DirectResponseActionSchema,
  HedgePolicySchema,
  NonForwardingActionSchema,
  RedirectActionSchema,
  RouteAction_MaxStreamDurationSchema,
  RouteActionSchema,
  RouteSchema,
  VirtualClusterSchema,
  VirtualHostSchema,
  WeightedCluster_ClusterWeightSchema,
  WeightedClusterSchema,
} from "../../proto/gen/envoy/config/route/v3/route_components_pb.js";
import { RouteConfigurationSchema } from "../../proto/gen/envoy/config/route/v3/route_pb.js";
import { hashPolicySupport } from "./hash-policy.ts";
import { internalRedirectSupport } from "./internal-redirect.ts";
import { rateLimitsSupport } from "./rate-limits.ts";
import { requestMirrorsSupport } from "./request-mirrors.ts";
import { retryPolicySupport } from "./retry-policy.ts";
import { routeMatchSupport } from "./route-match.ts";
import { routeTracingSupport } from "./tracing.ts";
import { upgradesSupport } from "./upgrades.ts";

const NO_PLUGINS = notYet(
  undefined,
  "choose by cluster_header, which a filter of your own may set, or weighted_clusters",
);
const NO_RETRY_EXTENSION = notYet("Envoy has no extension for it either", "set retry_policy");
const CORS_HINT = "Envoy has deprecated this field: put a CorsPolicy into typed_per_filter_config";

/**
 * Which fields of the route configuration's own messages are implemented. The matchers, header values and data sources
 * in it have tables of their own.
 */
export const routeSupport: readonly MessageSupport[] = [
  supportAll(RouteConfigurationSchema, {
    vhds: notYet("it comes with xDS"),
    cluster_specifier_plugins: NO_PLUGINS,
    metadata: noEffect("nothing in Troupe reads the metadata of a whole route configuration"),
  }),
  supportAll(VirtualHostSchema, {
    matcher: notYet(undefined, "put the routes into routes"),
    cors: notYet(CORS_HINT),
    retry_policy_typed_config: NO_RETRY_EXTENSION,
  }),
  supportAll(RouteSchema, {
    filter_action: notYet("Envoy does not implement it either"),
  }),
  supportAll(RouteActionSchema, {
    cluster_specifier_plugin: NO_PLUGINS,
    inline_cluster_specifier_plugin: NO_PLUGINS,
    early_data_policy: notYet("Node.js takes no early data of TLS"),
    retry_policy_typed_config: NO_RETRY_EXTENSION,
    cors: notYet(CORS_HINT),
    max_grpc_timeout: notYet("Envoy has deprecated this field", "use max_stream_duration.grpc_timeout_header_max"),
    grpc_timeout_offset: notYet(
      "Envoy has deprecated this field",
      "use max_stream_duration.grpc_timeout_header_offset",
    ),
    internal_redirect_action: notYet("Envoy has deprecated this field", "use internal_redirect_policy"),
    max_internal_redirects: notYet("Envoy has deprecated this field", "use internal_redirect_policy"),
  }),
  supportAll(WeightedClusterSchema, {
    total_weight: noEffect("the sum of the weights counts, as in Envoy"),
  }),
  supportAll(WeightedCluster_ClusterWeightSchema),
  supportAll(RouteAction_MaxStreamDurationSchema),
  supportAll(RedirectActionSchema),
  supportAll(DirectResponseActionSchema),
  supportAll(NonForwardingActionSchema),
  supportAll(VirtualClusterSchema),
  support(HedgePolicySchema, { hedge_on_per_try_timeout: yes }),
  supportAll(DecoratorSchema),
  support(MetadataSchema, { filter_metadata: yes, typed_filter_metadata: noEffect("nothing in Troupe reads it") }),
  ...routeTracingSupport,
  ...routeMatchSupport,
  ...internalRedirectSupport,
  ...rateLimitsSupport,
  ...requestMirrorsSupport,
  ...retryPolicySupport,
  ...hashPolicySupport,
  ...upgradesSupport,
];
