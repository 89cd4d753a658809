import type { Logger } from "../../base/log.ts";
import type { StatsSnapshot } from "../../stats/merged-stat.ts";
import type { StatsScope } from "../../stats/scope.ts";
import { StatsdLines } from "../../stats/statsd-lines.ts";
import type { TagProducer } from "../../stats/tag-producer.ts";
import type { LineDestination } from "./line-destination.ts";
import type { StatsdSinkData } from "./statsd-sink-data.ts";
import { type ClusterHosts, TcpLines } from "./tcp-lines.ts";
import { UdpLines } from "./udp-lines.ts";

/** What sinks work with. */
export interface StatsSinkEnvironment {
  /** The root scope of the thread. */
  readonly stats: StatsScope;
  readonly tags: TagProducer;
  readonly hosts: ClusterHosts;
  readonly log: Logger;
}

interface Sink {
  readonly lines: StatsdLines;
  readonly destination: LineDestination;
}

/** All configured stats sinks. Main thread. */
export class StatsSinks {
  readonly #sinks: readonly Sink[];

  constructor(sinks: readonly StatsdSinkData[], environment: StatsSinkEnvironment) {
    this.#sinks = sinks.map(({ prefix, dialect, destination, maxDatagramBytes }) => ({
      lines: new StatsdLines(prefix, dialect, environment.tags),
      destination: createDestination(destination, maxDatagramBytes, environment),
    }));
  }

  /** Sends what stands in `stats`. Called once per flush interval, when that interval's histograms are complete. */
  flush(stats: StatsSnapshot): void {
    for (const { lines, destination } of this.#sinks) destination.send(lines.next(stats));
  }

  close(): void {
    for (const { destination } of this.#sinks) destination.close();
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
