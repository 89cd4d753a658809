import { extensionConfig } from "../../../config/extension-config.ts";
import { type FieldSupport, notYet, support, supportAll, within, yes } from "../../../config/field-support.ts";
import { HeaderValueSchema } from "../../../proto/gen/envoy/config/core/v3/base_pb.js";
import {
  GrpcService_EnvoyGrpcSchema,
  GrpcServiceSchema,
} from "../../../proto/gen/envoy/config/core/v3/grpc_service_pb.js";
import { SinkConfigSchema } from "../../../proto/gen/envoy/extensions/stat_sinks/open_telemetry/v3/open_telemetry_pb.js";
import { compileGrpcService } from "../../../upstream/compile/grpc-service.ts";
import type { OpenTelemetrySinkData } from "./open-telemetry-sink-data.ts";

const DEFAULT_TIMEOUT_MS = 5000;

const SERVICE: FieldSupport = within(
  support(GrpcServiceSchema, {
    envoy_grpc: yes,
    google_grpc: notYet("there is no second gRPC client", "name a cluster in envoy_grpc"),
    timeout: yes,
    initial_metadata: yes,
  }),
  support(GrpcService_EnvoyGrpcSchema, { cluster_name: yes, authority: yes }),
  supportAll(HeaderValueSchema, { raw_value: notYet("binary values are not sent yet") }),
);

/** `envoy.stat_sinks.open_telemetry`: OTLP by gRPC to a cluster. */
export const openTelemetrySinkConfig = extensionConfig({
  name: "envoy.stat_sinks.open_telemetry",
  categories: ["envoy.stats_sinks"],
  schema: SinkConfigSchema,
  support: [
    support(SinkConfigSchema, {
      grpc_service: SERVICE,
      report_counters_as_deltas: yes,
      report_histograms_as_deltas: yes,
      emit_tags_as_attributes: yes,
      use_tag_extracted_name: yes,
      prefix: yes,
    }),
  ],
  configRequired: true,
  compile: (message, place, context): OpenTelemetrySinkData => ({
    service: compileGrpcService(
      message.protocolSpecifier.value,
      DEFAULT_TIMEOUT_MS,
      place.field("grpc_service"),
      context,
    ),
    counterDeltas: message.reportCountersAsDeltas,
    histogramDeltas: message.reportHistogramsAsDeltas,
    tagsAsAttributes: message.emitTagsAsAttributes ?? true,
    tagExtractedName: message.useTagExtractedName ?? true,
    prefix: message.prefix,
  }),
});
