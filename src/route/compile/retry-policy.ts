import type { CompileContext, CompiledExtension } from "../../config/compile-context.ts";
import { durationMs } from "../../config/duration-ms.ts";
import { type MessageSupport, notYet, supportAll } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import {
  type RetryPolicy,
  type RetryPolicy_RateLimitedRetryBackOff,
  RetryPolicy_RateLimitedRetryBackOffSchema,
  RetryPolicy_ResetHeaderFormat,
  RetryPolicy_ResetHeaderSchema,
  RetryPolicy_RetryBackOffSchema,
  RetryPolicy_RetryHostPredicateSchema,
  RetryPolicy_RetryPrioritySchema,
  RetryPolicySchema,
} from "../../proto/gen/envoy/config/route/v3/route_components_pb.js";
import { RETRY_ON_WORDS } from "../retry-on.ts";
import type { RateLimitedBackOffData, RetryPolicyData } from "../retry-policy-data.ts";
import { compileTimeoutMs } from "./duration.ts";
import { compileHeaderName } from "./header-name.ts";
import { compileHeaderMatcher } from "./matchers.ts";

const DEFAULT_BACK_OFF_MS = 25;
const DEFAULT_RATE_LIMITED_MAX_MS = 300_000;

/** Envoy's `RetryPolicy` with its defaults filled in. */
export function compileRetryPolicy(message: RetryPolicy, place: Place, context: CompileContext): RetryPolicyData {
  const backOff = message.retryBackOff;
  const backOffBaseMs = durationMs(backOff?.baseInterval, DEFAULT_BACK_OFF_MS);
  const backOffMaxMs = durationMs(backOff?.maxInterval, backOffBaseMs * 10);
  if (backOffMaxMs < backOffBaseMs) {
    context.error(place.field("retry_back_off").field("max_interval"), "must not be less than base_interval");
  }
  const attempts = message.hostSelectionRetryMaxAttempts;
  return {
    retryOn: compileRetryOn(message.retryOn, place.field("retry_on"), context),
    numRetries: message.numRetries ?? 1,
    perTryTimeoutMs: compileTimeoutMs(message.perTryTimeout, 0, place.field("per_try_timeout"), context),
    perTryIdleTimeoutMs: compileTimeoutMs(message.perTryIdleTimeout, 0, place.field("per_try_idle_timeout"), context),
    hostPredicates: compileHostPredicates(message, place, context),
    priority: compileRetryPriority(message, place, context),
    hostSelectionMaxAttempts: attempts > 0n ? Number(attempts) : 1,
    retriableStatusCodes: message.retriableStatusCodes,
    retriableHeaders: message.retriableHeaders.map((matcher, i) =>
      compileHeaderMatcher(matcher, place.field("retriable_headers").index(i), context),
    ),
    retriableRequestHeaders: message.retriableRequestHeaders.map((matcher, i) =>
      compileHeaderMatcher(matcher, place.field("retriable_request_headers").index(i), context),
    ),
    backOffBaseMs,
    backOffMaxMs,
    rateLimitedBackOff:
      message.rateLimitedRetryBackOff === undefined
        ? null
        : compileRateLimited(message.rateLimitedRetryBackOff, place.field("rate_limited_retry_back_off"), context),
  };
}

function compileRetryOn(text: string, place: Place, context: CompileContext): string[] {
  const words = text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
  for (const word of words) {
    if (!RETRY_ON_WORDS.includes(word)) {
      context.warning(place, `"${word}" is no condition and means nothing`, `known are ${RETRY_ON_WORDS.join(", ")}`);
    }
  }
  return words;
}

function compileHostPredicates(message: RetryPolicy, place: Place, context: CompileContext): CompiledExtension[] {
  const predicates: CompiledExtension[] = [];
  for (const [i, { name, configType }] of message.retryHostPredicate.entries()) {
    const at = place.field("retry_host_predicate").index(i);
    const config = { name, typedConfig: configType.value };
    const compiled = context.extension("envoy.retry_host_predicates", config, at);
    if (compiled !== undefined) predicates.push(compiled);
  }
  return predicates;
}

function compileRetryPriority(
  { retryPriority }: RetryPolicy,
  place: Place,
  context: CompileContext,
): CompiledExtension | null {
  if (retryPriority === undefined) return null;
  const config = { name: retryPriority.name, typedConfig: retryPriority.configType.value };
  return context.extension("envoy.retry_priorities", config, place.field("retry_priority")) ?? null;
}

function compileRateLimited(
  message: RetryPolicy_RateLimitedRetryBackOff,
  place: Place,
  context: CompileContext,
): RateLimitedBackOffData {
  return {
    resetHeaders: message.resetHeaders.map(({ name, format }, i) => ({
      name: compileHeaderName(name, place.field("reset_headers").index(i).field("name"), context),
      format: format === RetryPolicy_ResetHeaderFormat.UNIX_TIMESTAMP ? "unix_timestamp" : "seconds",
    })),
    maxIntervalMs: durationMs(message.maxInterval, DEFAULT_RATE_LIMITED_MAX_MS),
  };
}

/** Which fields of the messages compiled here are implemented. */
export const retryPolicySupport: readonly MessageSupport[] = [
  supportAll(RetryPolicySchema, {
    retry_options_predicates: notYet("Envoy has no extension for it either"),
  }),
  supportAll(RetryPolicy_RetryBackOffSchema),
  supportAll(RetryPolicy_RetryHostPredicateSchema),
  supportAll(RetryPolicy_RetryPrioritySchema),
  supportAll(RetryPolicy_RateLimitedRetryBackOffSchema),
  supportAll(RetryPolicy_ResetHeaderSchema),
];
