import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import type { RandomSource } from "../../base/random.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { Address } from "../../net/address.ts";
import type { HistogramBuckets } from "../../stats/histogram-buckets.ts";
import type { StatsScope } from "../../stats/scope.ts";
import type { TagProducer } from "../../stats/tag/tag-producer.ts";

/** The hosts that a cluster has at the moment, in an order of their own. */
export type ClusterHosts = (cluster: string) => Promise<readonly Address[]>;

/** What sinks work with. */
export interface StatsSinkEnvironment {
  /** The root scope of the thread. */
  readonly stats: StatsScope;
  readonly tags: TagProducer;
  readonly buckets: HistogramBuckets;
  readonly hosts: ClusterHosts;
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  readonly log: Logger;
}
