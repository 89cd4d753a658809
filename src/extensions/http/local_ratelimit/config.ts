import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { notYet, supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import { compileTokenBucket, tokenBucketSupport } from "../../../config/token-bucket.ts";
import { wireText } from "../../../match/wire-text.ts";
import {
  LocalClusterRateLimitSchema,
  type LocalRateLimitDescriptor,
  LocalRateLimitDescriptorSchema,
  RateLimitDescriptor_EntrySchema,
  VhRateLimitsOptions,
  XRateLimitHeadersRFCVersion,
} from "../../../proto/gen/envoy/extensions/common/ratelimit/v3/ratelimit_pb.js";
import {
  type LocalRateLimit,
  LocalRateLimitSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.js";
import { HttpStatusSchema } from "../../../proto/gen/envoy/type/v3/http_status_pb.js";
import { compileHeaderAddition } from "../../../route/compile/header-mutations.ts";
import { compileFilterRateLimits, rateLimitsSupport } from "../../../route/compile/rate-limits.ts";
import { compileRuntimeFraction } from "../../../route/compile/route-match.ts";
import type { VirtualHostRateLimits } from "../../../route/rate-limit-descriptors.ts";
import { descriptorKey } from "./descriptor-key.ts";
import type { LocalDescriptorData, LocalRateLimitData } from "./local-rate-limit-data.ts";

const VIRTUAL_HOST_OPTIONS: Record<VhRateLimitsOptions, VirtualHostRateLimits> = {
  [VhRateLimitsOptions.OVERRIDE]: "override",
  [VhRateLimitsOptions.INCLUDE]: "include",
  [VhRateLimitsOptions.IGNORE]: "ignore",
};

/** `envoy.filters.http.local_ratelimit`, main side. */
export const localRateLimitConfig = extensionConfig({
  name: "envoy.filters.http.local_ratelimit",
  categories: ["envoy.filters.http"],
  schema: LocalRateLimitSchema,
  routeSchema: LocalRateLimitSchema,
  configRequired: true,
  support: [
    supportAll(LocalRateLimitSchema, {
      max_dynamic_descriptors: notYet("each descriptor has the values that its entries say"),
    }),
    ...rateLimitsSupport,
    supportAll(LocalClusterRateLimitSchema),
    supportAll(LocalRateLimitDescriptorSchema),
    supportAll(RateLimitDescriptor_EntrySchema),
    supportAll(HttpStatusSchema),
    ...tokenBucketSupport,
  ],
  compile: compileLimit,
  compileRoute: (message, place, context) => {
    if (message.tokenBucket === undefined) context.error(place.field("token_bucket"), "is required for a route");
    return compileLimit(message, place, context);
  },
});

function compileLimit(message: LocalRateLimit, place: Place, context: CompileContext): LocalRateLimitData {
  const { tokenBucket, filterEnabled, filterEnforced, localRateLimitPerDownstreamConnection: perConnection } = message;
  const status = message.status?.code ?? 0;
  const hasBucket = tokenBucket !== undefined;
  const requestPlace = place.field("request_headers_to_add_when_not_enforced");
  const responsePlace = place.field("response_headers_to_add");
  return {
    statPrefix: message.statPrefix,
    // Envoy: what is no error is none here either.
    status: status < 400 ? 429 : status,
    settings: hasBucket ? compileTokenBucket(tokenBucket, place.field("token_bucket"), context) : null,
    bucket:
      hasBucket && !perConnection
        ? context.addResource("tokenBucket", `local_ratelimit/${message.statPrefix}`, null)
        : "",
    descriptors: compileDescriptors(message, place.field("descriptors"), context),
    stage: message.stage,
    rateLimits: compileFilterRateLimits(message.rateLimits, place.field("rate_limits"), context),
    ofVirtualHost: VIRTUAL_HOST_OPTIONS[message.vhRateLimits],
    alwaysTakesFromBucket: message.alwaysConsumeDefaultTokenBucket ?? true,
    enabled: compileRuntimeFraction(filterEnabled),
    enforced: compileRuntimeFraction(filterEnforced),
    requestHeaders: {
      remove: [],
      add: message.requestHeadersToAddWhenNotEnforced.map((option, i) =>
        compileHeaderAddition(option, requestPlace.index(i), context),
      ),
    },
    responseHeaders: {
      remove: [],
      add: message.responseHeadersToAdd.map((option, i) =>
        compileHeaderAddition(option, responsePlace.index(i), context),
      ),
    },
    tellsRemaining: message.enableXRatelimitHeaders === XRateLimitHeadersRFCVersion.DRAFT_VERSION_03,
    localCluster: compileLocalCluster(message, place.field("local_cluster_rate_limit"), context),
    asResourceExhausted: message.rateLimitedAsResourceExhausted,
  };
}

function compileLocalCluster(message: LocalRateLimit, place: Place, context: CompileContext): string {
  if (message.localClusterRateLimit === undefined) return "";
  if (message.localRateLimitPerDownstreamConnection) {
    context.error(place, "a limit for each connection is not shared with other proxies");
  }
  const { localCluster } = context.facts;
  if (localCluster === undefined) {
    context.error(place, "it is not known which proxies share the limit", "set cluster_manager.local_cluster_name");
    return "";
  }
  context.requireResource("cluster", localCluster.name, place);
  return localCluster.name;
}

function compileDescriptors(message: LocalRateLimit, place: Place, context: CompileContext): LocalDescriptorData[] {
  const known = new Map<string, Place>();
  return message.descriptors.map((descriptor, i) => {
    const at = place.index(i);
    const entries = entriesOf(descriptor);
    const key = descriptorKey(entries);
    const first = known.get(key);
    if (first === undefined) known.set(key, at);
    else context.error(at.field("entries"), "the descriptor stands here twice", `see ${first}`);
    const settings = compileTokenBucket(descriptor.tokenBucket, at.field("token_bucket"), context);
    const name = `local_ratelimit/${message.statPrefix}/descriptor`;
    const perConnection = message.localRateLimitPerDownstreamConnection;
    return { entries, settings, bucket: perConnection ? "" : context.addResource("tokenBucket", name, null) };
  });
}

function entriesOf({ entries }: LocalRateLimitDescriptor): LocalDescriptorData["entries"] {
  return entries.map(({ key, value }) => ({ key: wireText(key), value: wireText(value) }));
}
