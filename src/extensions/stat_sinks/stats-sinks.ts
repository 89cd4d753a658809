import type { CompiledExtension } from "../../config/compile-context.ts";
import type { StatsSnapshot } from "../../stats/merged-stat.ts";
import type { OpenTelemetrySinkData } from "./open_telemetry/open-telemetry-sink-data.ts";
import { OpenTelemetrySink } from "./open_telemetry/sink.ts";
import type { StatsSink } from "./stats-sink.ts";
import type { StatsSinkEnvironment } from "./stats-sink-environment.ts";
import { StatsdSink } from "./statsd-sink.ts";
import type { StatsdSinkData } from "./statsd-sink-data.ts";

/** All configured stats sinks. Main thread. */
export class StatsSinks implements StatsSink {
  readonly #sinks: readonly StatsSink[];

  constructor(sinks: readonly CompiledExtension[], environment: StatsSinkEnvironment) {
    this.#sinks = sinks.map(({ extension, data }) =>
      extension === "envoy.stat_sinks.open_telemetry"
        ? new OpenTelemetrySink(data as OpenTelemetrySinkData, environment)
        : new StatsdSink(data as StatsdSinkData, environment),
    );
  }

  flush(stats: StatsSnapshot): void {
    for (const sink of this.#sinks) sink.flush(stats);
  }

  close(): void {
    for (const sink of this.#sinks) sink.close();
  }
}
