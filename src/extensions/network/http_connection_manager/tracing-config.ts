import type { CompileContext, CompiledExtension } from "../../../config/compile-context.ts";
import type { MessageSupport } from "../../../config/field-support.ts";
import { supportAll } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import { Tracing_HttpSchema } from "../../../proto/gen/envoy/config/trace/v3/http_tracer_pb.js";
import {
  type HttpConnectionManager_Tracing,
  HttpConnectionManager_TracingSchema,
} from "../../../proto/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { type Percent, PercentSchema } from "../../../proto/gen/envoy/type/v3/percent_pb.js";
import { compileCustomTags, customTagSupport, SAMPLING_KEYS } from "../../../route/compile/tracing.ts";
import type { RuntimeShareData } from "../../../runtime/runtime.ts";
import type { TracingData } from "../../../tracing/tracer.ts";
import type { RequestIdData } from "../../request_id/request-id-data.ts";

const DEFAULT_MAX_PATH_TAG_LENGTH = 256;

/** A connection manager's `tracing` as plain data. */
export interface HcmTracingData {
  readonly data: TracingData;
  /** Null: requests are marked, and no spans are made. */
  readonly provider: CompiledExtension | null;
}

/** `tracing` of a connection manager; null without it, and if its provider is wrong. */
export function compileTracing(
  message: HttpConnectionManager_Tracing | undefined,
  place: Place,
  context: CompileContext,
  requestId: RequestIdData,
): HcmTracingData | null {
  if (message === undefined) return null;
  const { provider } = message;
  const compiled =
    provider === undefined
      ? null
      : context.extension(
          "envoy.tracers",
          { name: provider.name, typedConfig: provider.configType.value },
          place.field("provider"),
        );
  if (compiled === undefined) return null;
  if (compiled === null) context.warning(place, "names no provider, so no spans are made", "set provider");
  const data = {
    sampling: {
      client: share(message.clientSampling, SAMPLING_KEYS.client),
      random: share(message.randomSampling, SAMPLING_KEYS.random),
      overall: share(message.overallSampling, SAMPLING_KEYS.overall),
    },
    customTags: compileCustomTags(message.customTags, place.field("custom_tags"), context),
    ...requestId,
    verbose: message.verbose,
    spawnUpstream: message.spawnUpstreamSpan ?? false,
    maxPathTagLength: message.maxPathTagLength ?? DEFAULT_MAX_PATH_TAG_LENGTH,
    nodeId: context.facts.nodeId,
    zone: context.facts.nodeZone,
  };
  return { data, provider: compiled };
}

/** In hundredths of a percent, as Envoy counts; absent = all. */
function share(percent: Percent | undefined, runtimeKey: string): RuntimeShareData {
  return { numerator: Math.round((percent?.value ?? 100) * 100), denominator: 10_000, runtimeKey };
}

/** Which fields of `tracing` are implemented. */
export const hcmTracingSupport: readonly MessageSupport[] = [
  supportAll(HttpConnectionManager_TracingSchema),
  supportAll(Tracing_HttpSchema),
  supportAll(PercentSchema),
  ...customTagSupport,
];
