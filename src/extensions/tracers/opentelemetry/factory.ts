import type { TracerModule } from "../../extension-module.ts";
import type { OpenTelemetryData } from "./opentelemetry-data.ts";
import { OpenTelemetryStats } from "./stats.ts";
import { OpenTelemetryTracer } from "./tracer.ts";

/** `envoy.tracers.opentelemetry`, worker side. */
export const tracer: TracerModule = {
  createTracer: (data, worker) =>
    new OpenTelemetryTracer(data as OpenTelemetryData, worker, new OpenTelemetryStats(worker.stats)),
};
