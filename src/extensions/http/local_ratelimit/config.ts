import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { noEffect, notYet, supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import { compileTokenBucket, tokenBucketSupport } from "../../../config/token-bucket.ts";
import { XRateLimitHeadersRFCVersion } from "../../../proto/gen/envoy/extensions/common/ratelimit/v3/ratelimit_pb.js";
import {
  type LocalRateLimit,
  LocalRateLimitSchema,
} from "../../../proto/gen/envoy/extensions/filters/http/local_ratelimit/v3/local_rate_limit_pb.js";
import { HttpStatusSchema } from "../../../proto/gen/envoy/type/v3/http_status_pb.js";
import { compileHeaderAddition } from "../../../route/compile/header-mutations.ts";
import { compileFractionalPercent } from "../../../route/compile/route-match.ts";
import type { LocalRateLimitData } from "./local-rate-limit-data.ts";

const NO_DESCRIPTORS = notYet("descriptors come from rate_limits of the route, which are not supported yet");
const NO_STAGES = noEffect("there are no rate_limits of the route whose stage it could choose");

/** `envoy.filters.http.local_ratelimit`, main side. */
export const localRateLimitConfig = extensionConfig({
  name: "envoy.filters.http.local_ratelimit",
  categories: ["envoy.filters.http"],
  schema: LocalRateLimitSchema,
  routeSchema: LocalRateLimitSchema,
  configRequired: true,
  support: [
    supportAll(LocalRateLimitSchema, {
      descriptors: NO_DESCRIPTORS,
      stage: NO_STAGES,
      vh_rate_limits: NO_STAGES,
      always_consume_default_token_bucket: noEffect("without descriptors the default bucket is the only one"),
      local_cluster_rate_limit: notYet(),
    }),
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
    enabled: compileFractionalPercent(filterEnabled?.defaultValue),
    enforced: compileFractionalPercent(filterEnforced?.defaultValue),
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
    asResourceExhausted: message.rateLimitedAsResourceExhausted,
  };
}
