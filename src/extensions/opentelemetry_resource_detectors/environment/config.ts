import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { EnvironmentResourceDetectorConfigSchema } from "../../../proto/gen/envoy/extensions/tracers/opentelemetry/resource_detectors/v3/environment_resource_detector_pb.js";
import type { ResourceDetectorData } from "../../opentelemetry/resource-attributes.ts";

/** Attributes from the variable `OTEL_RESOURCE_ATTRIBUTES` of the process. */
export const environmentDetectorConfig = extensionConfig({
  name: "envoy.tracers.opentelemetry.resource_detectors.environment",
  categories: ["envoy.tracers.opentelemetry.resource_detectors"],
  schema: EnvironmentResourceDetectorConfigSchema,
  support: [supportAll(EnvironmentResourceDetectorConfigSchema)],
  compile: (): ResourceDetectorData => ({ type: "environment" }),
});
