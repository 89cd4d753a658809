import type { CompileContext } from "../../config/compile-context.ts";
import { durationMs } from "../../config/duration-ms.ts";
import { type FieldSupport, notYet, support, supportAll, within, yes } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import { wireText } from "../../match/wire-text.ts";
import { BackoffStrategySchema } from "../../proto/gen/envoy/config/core/v3/backoff_pb.js";
import {
  type HeaderValue,
  HeaderValueSchema,
  type RetryPolicy,
  RetryPolicySchema,
} from "../../proto/gen/envoy/config/core/v3/base_pb.js";
import {
  type GrpcService,
  GrpcService_EnvoyGrpcSchema,
  GrpcServiceSchema,
} from "../../proto/gen/envoy/config/core/v3/grpc_service_pb.js";
import { compileMutableHeaderName } from "../../route/compile/header-name.ts";
import type { AsyncRetryData } from "../async/async-request.ts";
import type { GrpcServiceData } from "../async/grpc-service-data.ts";

const DEFAULT_MAX_MESSAGE_BYTES = 4 << 20;
const DEFAULT_RETRY_BASE_MS = 1000;

/** A `config.core.v3.RetryPolicy` of a request of the async client. */
export const ASYNC_RETRY: FieldSupport = within(
  support(RetryPolicySchema, {
    retry_back_off: yes,
    num_retries: yes,
    retry_on: notYet("a 5xx, a reset and a failed connection are retried"),
  }),
  supportAll(BackoffStrategySchema),
);

/** A `GrpcService` field whose calls go by `AsyncGrpcClient`. */
export const GRPC_SERVICE: FieldSupport = within(
  support(GrpcServiceSchema, {
    envoy_grpc: yes,
    google_grpc: notYet("there is no second gRPC client", "name a cluster in envoy_grpc"),
    timeout: yes,
    initial_metadata: yes,
    retry_policy: ASYNC_RETRY,
  }),
  supportAll(GrpcService_EnvoyGrpcSchema, { retry_policy: ASYNC_RETRY }),
  supportAll(HeaderValueSchema),
);

/**
 * A gRPC service. `defaultTimeoutMs` holds for a service without `timeout`. Says that its cluster must exist; `place` is the
 * service's. Differs from Envoy: a message of the service has at most 4 MiB unless `max_receive_message_length` says otherwise.
 */
export function compileGrpcService(
  service: GrpcService | undefined,
  defaultTimeoutMs: number,
  place: Place,
  context: CompileContext,
): GrpcServiceData {
  const target = service?.targetSpecifier;
  const envoy = target?.case === "envoyGrpc" ? target.value : undefined;
  const at = place.field("envoy_grpc");
  if (envoy === undefined) {
    if (target?.case === undefined)
      context.error(place, "a gRPC service must name a cluster", "envoy_grpc: { cluster_name: … }");
  } else {
    context.requireResource("cluster", envoy.clusterName, at.field("cluster_name"));
  }
  const metadata = place.field("initial_metadata");
  const cluster = envoy?.clusterName ?? "";
  return {
    cluster,
    authority: envoy === undefined || envoy.authority === "" ? cluster : envoy.authority,
    timeoutMs: durationMs(service?.timeout, defaultTimeoutMs),
    initialMetadata: (service?.initialMetadata ?? []).map((header, i) =>
      compileMetadata(header, metadata.index(i), context),
    ),
    maxMessageBytes: envoy?.maxReceiveMessageLength || DEFAULT_MAX_MESSAGE_BYTES,
    skipEnvoyHeaders: envoy?.skipEnvoyHeaders ?? false,
    retry: compileAsyncRetry(envoy?.retryPolicy ?? service?.retryPolicy),
  };
}

/** Name and value, as wire text, of a header of each call. */
function compileMetadata(
  { key, value, rawValue }: HeaderValue,
  place: Place,
  context: CompileContext,
): readonly [string, string] {
  const name = compileMutableHeaderName(key, place.field("key"), context);
  if (value.includes("%")) {
    context.unsupported(place.field("value"), "values with % are not filled in for each call yet");
  }
  if (rawValue.length === 0) return [name, wireText(value)];
  if (value !== "") context.error(place.field("raw_value"), "value and raw_value exclude each other");
  const raw = Buffer.from(rawValue).toString("latin1");
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(raw)) {
    context.error(place.field("raw_value"), "holds control characters, which no header may");
  }
  return [name, raw];
}

/** A retry policy of the async client; null if there is none. Defaults: one retry, waits of up to 1 s that double up to 10 s. */
export function compileAsyncRetry(policy: RetryPolicy | undefined): AsyncRetryData | null {
  if (policy === undefined) return null;
  const baseMs = durationMs(policy.retryBackOff?.baseInterval, DEFAULT_RETRY_BASE_MS);
  return {
    numRetries: policy.numRetries ?? 1,
    baseMs,
    maxMs: durationMs(policy.retryBackOff?.maxInterval, baseMs * 10),
  };
}
