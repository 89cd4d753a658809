import type { TokenBucketSettings } from "../base/shared-token-bucket.ts";
import { type TokenBucket, TokenBucketSchema } from "../proto/gen/envoy/type/v3/token_bucket_pb.js";
import type { CompileContext } from "./compile-context.ts";
import { durationMs } from "./duration-ms.ts";
import { type MessageSupport, supportAll } from "./field-support.ts";
import type { Place } from "./place.ts";

const LARGEST = 0x7fff_ffff;
/** As in Envoy. */
const SHORTEST_FILL_MS = 50;

/** A `TokenBucket`, checked. Envoy's defaults: one token per fill. */
export function compileTokenBucket(
  message: TokenBucket | undefined,
  place: Place,
  context: CompileContext,
): TokenBucketSettings {
  const fillIntervalMs = durationMs(message?.fillInterval, 0);
  if (fillIntervalMs < SHORTEST_FILL_MS) {
    context.error(place.field("fill_interval"), `is shorter than ${SHORTEST_FILL_MS} ms`);
  }
  return {
    maxTokens: Math.min(message?.maxTokens ?? 1, LARGEST),
    tokensPerFill: Math.min(message?.tokensPerFill ?? 1, LARGEST),
    fillIntervalMs,
  };
}

/** Which fields of `TokenBucket` are implemented. */
export const tokenBucketSupport: readonly MessageSupport[] = [supportAll(TokenBucketSchema)];
