import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { StaticConfigResourceDetectorConfigSchema } from "../../../proto/gen/envoy/extensions/tracers/opentelemetry/resource_detectors/v3/static_config_resource_detector_pb.js";
import type { ResourceDetectorData } from "../../opentelemetry/resource-attributes.ts";

/** Attributes that stand in the configuration. */
export const staticDetectorConfig = extensionConfig({
  name: "envoy.tracers.opentelemetry.resource_detectors.static_config",
  categories: ["envoy.tracers.opentelemetry.resource_detectors"],
  schema: StaticConfigResourceDetectorConfigSchema,
  support: [supportAll(StaticConfigResourceDetectorConfigSchema)],
  compile: (message): ResourceDetectorData => ({ type: "static", attributes: Object.entries(message.attributes) }),
});
