import { extensionConfig } from "../../../config/extension-config.ts";
import { notYet, supportAll } from "../../../config/field-support.ts";
import { compileFeatureFlag, runtimeFeatureFlagSupport } from "../../../config/runtime-feature-flag.ts";
import { compileTokenBucket, tokenBucketSupport } from "../../../config/token-bucket.ts";
import { LocalRateLimitSchema } from "../../../proto/gen/envoy/extensions/filters/network/local_ratelimit/v3/local_rate_limit_pb.js";
import type { LocalRateLimitData } from "./local-rate-limit-data.ts";

/** `envoy.filters.network.local_ratelimit`, main side. */
export const localRateLimitConfig = extensionConfig({
  name: "envoy.filters.network.local_ratelimit",
  categories: ["envoy.filters.network"],
  schema: LocalRateLimitSchema,
  configRequired: true,
  support: [
    supportAll(LocalRateLimitSchema, { share_key: notYet("each filter has a bucket of its own") }),
    ...runtimeFeatureFlagSupport,
    ...tokenBucketSupport,
  ],
  compile: ({ statPrefix, tokenBucket, runtimeEnabled }, place, context): LocalRateLimitData => ({
    statPrefix,
    settings: compileTokenBucket(tokenBucket, place.field("token_bucket"), context),
    enabled: compileFeatureFlag(runtimeEnabled),
    bucket: context.addResource("tokenBucket", `local_ratelimit/${statPrefix}`, null),
  }),
});
