import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { compileFeatureFlag, runtimeFeatureFlagSupport } from "../../../config/runtime-feature-flag.ts";
import { compileTokenBucket, tokenBucketSupport } from "../../../config/token-bucket.ts";
import { LocalRateLimitSchema } from "../../../proto/gen/envoy/extensions/filters/listener/local_ratelimit/v3/local_ratelimit_pb.js";
import type { ListenerRateLimitData } from "./local-rate-limit-data.ts";

/** The main-side half of `envoy.filters.listener.local_ratelimit`. */
export const listenerRateLimitConfig = extensionConfig({
  name: "envoy.filters.listener.local_ratelimit",
  categories: ["envoy.filters.listener"],
  schema: LocalRateLimitSchema,
  configRequired: true,
  support: [supportAll(LocalRateLimitSchema), ...runtimeFeatureFlagSupport, ...tokenBucketSupport],
  compile: ({ statPrefix, tokenBucket, runtimeEnabled }, place, context): ListenerRateLimitData => ({
    statPrefix,
    settings: compileTokenBucket(tokenBucket, place.field("token_bucket"), context),
    enabled: compileFeatureFlag(runtimeEnabled),
    bucket: context.addResource("tokenBucket", `listener_local_ratelimit/${statPrefix}`, null),
  }),
});
