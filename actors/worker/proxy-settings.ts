import type { ApplicationLogOptions } from "../../src/base/application-log.ts";
import type { DrainOptions } from "../../src/listener/drain.ts";
import type { StatsMatcherData } from "../../src/stats/stats-config-data.ts";

/** What the composition root gives every worker, once, when its thread starts. Plain data. */
export interface ProxySettings {
  readonly log: ApplicationLogOptions;
  readonly statsMatcher: StatsMatcherData;
  /** `--drain-time-s` and `--drain-strategy`, for what a new configuration replaces. */
  readonly drain: DrainOptions;
  readonly fileFlushIntervalMs: number;
  /** Failed requests that each worker remembers; 0 = none. */
  readonly failedRequests: number;
  readonly hostname: string;
  /** What the keys of TLS session tickets are derived from: random, the same for all workers. */
  readonly ticketSecret: Uint8Array;
  /** The environment variables that formats may read. */
  readonly environment: readonly (readonly [string, string])[];
}
