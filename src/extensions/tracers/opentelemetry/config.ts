import type { CompileContext } from "../../../config/compile-context.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import { notYet, support, supportAll, within, yes } from "../../../config/field-support.ts";
import type { Place } from "../../../config/place.ts";
import { TypedExtensionConfigSchema } from "../../../proto/gen/envoy/config/core/v3/extension_pb.js";
import {
  type OpenTelemetryConfig,
  OpenTelemetryConfigSchema,
} from "../../../proto/gen/envoy/config/trace/v3/opentelemetry_pb.js";
import { compileGrpcService, GRPC_SERVICE } from "../../../upstream/compile/grpc-service.ts";
import { compileHttpService, HTTP_SERVICE } from "../../../upstream/compile/http-service.ts";
import type { ResourceDetectorData } from "../../opentelemetry/resource-attributes.ts";
import type { OpenTelemetryData } from "./opentelemetry-data.ts";

/** `envoy.tracers.opentelemetry`, main side. */
export const openTelemetryConfig = extensionConfig({
  name: "envoy.tracers.opentelemetry",
  categories: ["envoy.tracers"],
  schema: OpenTelemetryConfigSchema,
  support: [
    support(OpenTelemetryConfigSchema, {
      grpc_service: GRPC_SERVICE,
      http_service: HTTP_SERVICE,
      service_name: yes,
      resource_detectors: within(supportAll(TypedExtensionConfigSchema)),
      sampler: notYet("the connection manager's tracing says which requests are traced"),
    }),
  ],
  configRequired: true,
  compile: (message, place, context): OpenTelemetryData => ({
    exporter: compileExporter(message, place, context),
    serviceName: message.serviceName || "unknown_service:envoy",
    resourceDetectors: message.resourceDetectors.flatMap((config, i) => {
      const at = place.field("resource_detectors").index(i);
      const compiled = context.extension("envoy.tracers.opentelemetry.resource_detectors", config, at);
      return compiled === undefined ? [] : [compiled.data as ResourceDetectorData];
    }),
  }),
});

function compileExporter(
  { grpcService, httpService }: OpenTelemetryConfig,
  place: Place,
  context: CompileContext,
): OpenTelemetryData["exporter"] {
  if (grpcService !== undefined && httpService !== undefined) {
    context.error(place.field("http_service"), "grpc_service and http_service exclude each other");
  }
  if (httpService !== undefined) {
    return { type: "http", service: compileHttpService(httpService, place.field("http_service"), context) };
  }
  return { type: "grpc", service: compileGrpcService(grpcService, 0, place.field("grpc_service"), context) };
}
