import type { TracerModule } from "../../extension-module.ts";
import { ZipkinStats } from "./stats.ts";
import { ZipkinTracer } from "./tracer.ts";
import type { ZipkinData } from "./zipkin-data.ts";

/** `envoy.tracers.zipkin`, worker side. */
export const tracer: TracerModule = {
  createTracer: (data, worker) => new ZipkinTracer(data as ZipkinData, worker, new ZipkinStats(worker.stats)),
};
