import type { StatsSnapshot } from "../../stats/merged-stat.ts";
import { StatsdLines } from "../../stats/render/statsd-lines.ts";
import type { LineDestination } from "./line-destination.ts";
import type { StatsSink } from "./stats-sink.ts";
import type { StatsSinkEnvironment } from "./stats-sink-environment.ts";
import type { StatsdSinkData } from "./statsd-sink-data.ts";
import { TcpLines } from "./tcp-lines.ts";
import { UdpLines } from "./udp-lines.ts";

/** A statsd sink of any dialect. */
export class StatsdSink implements StatsSink {
  readonly #lines: StatsdLines;
  readonly #destination: LineDestination;

  constructor({ prefix, dialect, destination, maxDatagramBytes }: StatsdSinkData, environment: StatsSinkEnvironment) {
    this.#lines = new StatsdLines(prefix, dialect, environment.tags);
    this.#destination = createDestination(destination, maxDatagramBytes, environment);
  }

  flush(stats: StatsSnapshot): void {
    this.#destination.send(this.#lines.next(stats));
  }

  close(): void {
    this.#destination.close();
  }
}

function createDestination(
  destination: StatsdSinkData["destination"],
  maxDatagramBytes: number,
  { stats, hosts, log }: StatsSinkEnvironment,
): LineDestination {
  if (destination.type === "udp") return new UdpLines(destination.ip, destination.port, maxDatagramBytes, log);
  return new TcpLines(destination.name, hosts, stats.counter("statsd.cx_overflow"), log);
}
