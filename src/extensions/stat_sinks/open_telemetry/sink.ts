import { NO_HTTP2_CODEC_STATS } from "../../../http/http2/codec-stats.ts";
import type { StatsSnapshot } from "../../../stats/merged-stat.ts";
import { ProbeConnection } from "../../../upstream/health-check/probe-connection.ts";
import type { StatsSink } from "../stats-sink.ts";
import type { StatsSinkEnvironment } from "../stats-sink-environment.ts";
import { ExportCall } from "./export-call.ts";
import type { OpenTelemetrySinkData } from "./open-telemetry-sink-data.ts";
import type { OtlpMetricsWriter } from "./otlp-metrics.ts";
import { type OpenTelemetrySinkStats, openTelemetrySinkStats } from "./stats.ts";

/**
 * Sends stats to an OpenTelemetry collector, over one connection to a host of a cluster, and over a new one to another host when that has broken.
 * One export at a time: while a collector is slow, intervals are skipped and counted. Source: Envoy's OpenTelemetry stat sink.
 * Differs from Envoy: an export is given up after five seconds, unless `timeout` says otherwise.
 */
export class OpenTelemetrySink implements StatsSink {
  readonly #data: OpenTelemetrySinkData;
  readonly #environment: StatsSinkEnvironment;
  readonly #stats: OpenTelemetrySinkStats;
  readonly #startMs: number;
  #writer: OtlpMetricsWriter | null = null;
  #connection: ProbeConnection | null = null;
  #call: ExportCall | null = null;
  /** From the look-up of hosts until the collector has answered. */
  #busy = false;
  #next = 0;
  #failing = false;
  #closed = false;

  constructor(data: OpenTelemetrySinkData, environment: StatsSinkEnvironment) {
    this.#data = data;
    this.#environment = environment;
    this.#stats = openTelemetrySinkStats(environment.stats);
    this.#startMs = environment.clock.wallMs();
  }

  flush(stats: StatsSnapshot): void {
    if (this.#busy) {
      this.#stats.skipped.inc();
      return;
    }
    this.#busy = true;
    void this.#export(stats).catch((error: unknown) => this.#onOver(String(error)));
  }

  close(): void {
    this.#closed = true;
    this.#call?.giveUp();
    this.#connection?.close();
  }

  async #export(stats: StatsSnapshot): Promise<void> {
    const { clock, tags, buckets, timers } = this.#environment;
    if (this.#writer === null) {
      // Loaded only by those who configure it.
      const { OtlpMetricsWriter } = await import("./otlp-metrics.ts");
      this.#writer = new OtlpMetricsWriter(this.#data, tags, buckets, this.#startMs);
    }
    const connection = this.#connection?.isUsable === true ? this.#connection : await this.#connect();
    if (this.#closed) connection?.close();
    else if (connection === null) this.#onOver("the cluster has no hosts");
    else {
      this.#connection = connection;
      const message = this.#writer.next(stats, clock.wallMs());
      this.#call = new ExportCall(connection, timers, (problem) => this.#onOver(problem));
      this.#call.start(this.#data.service, message);
    }
  }

  async #connect(): Promise<ProbeConnection | null> {
    const { hosts, timers, random } = this.#environment;
    const { cluster } = this.#data.service;
    this.#connection?.close();
    this.#connection = null;
    const addresses = await hosts(cluster).catch(() => []);
    const address = addresses[this.#next++ % Math.max(1, addresses.length)];
    if (address === undefined || this.#closed) return null;
    const plain = { transportSocket: null, alpnProtocols: [], sourceAddresses: [] };
    const target = { address, hostname: "", clusterName: cluster, ...plain };
    return new ProbeConnection(target, null, { timers, random, http2Stats: NO_HTTP2_CODEC_STATS });
  }

  #onOver(problem: string): void {
    this.#busy = false;
    this.#call = null;
    (problem === "" ? this.#stats.succeeded : this.#stats.failed).inc();
    if (problem !== "" && !this.#failing) {
      this.#environment.log.warn({ cluster: this.#data.service.cluster, reason: problem }, "stats can't be sent");
    }
    this.#failing = problem !== "";
  }
}
