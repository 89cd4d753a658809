import type { HistogramBuckets } from "../stats/histogram-buckets.ts";
import type { StatsSnapshot } from "../stats/merged-stat.ts";
import type { TagProducer } from "../stats/tag/tag-producer.ts";

/** The stats of all threads, merged. */
export interface StatsView {
  /**
   * Brings the merged stats up to date as far as that goes within a short deadline. Never rejects: a thread that does
   * not answer contributes what is known of it.
   */
  refresh(): Promise<void>;
  /** The same for one of Envoy's pages of stats, which with `stats_flush_on_admin` end the flush interval. */
  refreshForPage(): Promise<void>;
  readonly snapshot: StatsSnapshot;
  /** The two follow the configuration in force, so they are asked for at each request. */
  tags(): TagProducer;
  buckets(): HistogramBuckets;
  /** Metrics of the process in Prometheus text format. */
  processExposition(): Promise<string>;
}
