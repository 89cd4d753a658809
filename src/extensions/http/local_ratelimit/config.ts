import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
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

/** How many values of an entry without value have buckets at a time: Envoy's number, and the largest. */
const DEFAULT_DYNAMIC = 20;
const MOST_DYNAMIC = 1000;

/** `envoy.filters.http.local_ratelimit`, main side. */
export const localRateLimitConfig = extensionConfig({
  name: "envoy.filters.http.local_ratelimit",
  categories: ["envoy.filters.http"],
  schema: LocalRateLimitSchema,
  routeSchema: LocalRateLimitSchema,
  configRequired: true,
  support: [
    supportAll(LocalRateLimitSchema),
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
    descriptors: compileDescriptors(message, place, context),
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

function compileDescriptors(message: LocalRateLimit, of: Place, context: CompileContext): LocalDescriptorData[] {
  const { maxDynamicDescriptors: dynamic = DEFAULT_DYNAMIC } = message;
  if (dynamic < 1 || dynamic > MOST_DYNAMIC) {
    context.error(of.field("max_dynamic_descriptors"), `${dynamic} is not between 1 and ${MOST_DYNAMIC}`);
  }
  const place = of.field("descriptors");
  const known = new Map<string, Place>();
  return message.descriptors.map((descriptor, i) => {
    const at = place.index(i);
    const entries = entriesOf(descriptor);
    const key = descriptorKey(entries);
    const first = known.get(key);
    if (first === undefined) known.set(key, at);
    else context.error(at.field("entries"), "the descriptor stands here twice", `see ${first}`);
    const settings = compileTokenBucket(descriptor.tokenBucket, at.field("token_bucket"), context);
    return { entries, settings, buckets: compileBuckets(message, entries, at.field("entries"), context) };
  });
}

/** The buckets of a descriptor: more than one if its entries take any value. Differs from Envoy: a descriptor has buckets for at most 1000 values at a time. */
function compileBuckets(
  message: LocalRateLimit,
  entries: LocalDescriptorData["entries"],
  place: Place,
  context: CompileContext,
): string[] {
  const name = `local_ratelimit/${message.statPrefix}/descriptor`;
  const isWildcard = entries.some(({ value }) => value === "");
  if (message.localRateLimitPerDownstreamConnection) {
    if (isWildcard) context.error(place, "a limit for each connection needs a value in each entry");
    return [];
  }
  if (!isWildcard) return [context.addResource("tokenBucket", name, null)];
  const length = Math.min(message.maxDynamicDescriptors ?? DEFAULT_DYNAMIC, MOST_DYNAMIC);
  return Array.from({ length }, (_, i) => context.addResource("tokenBucket", `${name}/${i}`, null));
}

function entriesOf({ entries }: LocalRateLimitDescriptor): LocalDescriptorData["entries"] {
  return entries.map(({ key, value }) => ({ key: wireText(key), value: wireText(value) }));
}
