import { extensionConfig } from "../../../config/extension-config.ts";
import { supportAll } from "../../../config/field-support.ts";
import { HealthCheckEventFileSinkSchema } from "../../../proto/gen/envoy/extensions/health_check/event_sinks/file/v3/file_pb.js";
import type { EventSinkData } from "../../../upstream/compile/health-checks.ts";

/** A file for the events of health checks: the same as `event_log_path`. The main thread writes it. */
export const fileEventSinkConfig = extensionConfig({
  name: "envoy.health_check.event_sinks.file",
  categories: ["envoy.health_check.event_sinks"],
  schema: HealthCheckEventFileSinkSchema,
  support: [supportAll(HealthCheckEventFileSinkSchema)],
  configRequired: true,
  compile: ({ eventLogPath }): EventSinkData => ({ path: eventLogPath }),
});
