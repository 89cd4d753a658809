import type { AccessLogFiles } from "../access-log/access-log-files.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { RandomSource } from "../base/random.ts";
import type { TimerWheel } from "../base/timer-wheel.ts";
import type { FormatEnvironment } from "../http/format/format-context.ts";
import type { RouteTables } from "../route/route-tables.ts";
import type { StatsScope } from "../stats/scope.ts";
import type { ClusterDirectory } from "../upstream/thread-local-cluster.ts";
import type { WorkerExtensions } from "./worker-extensions.ts";

/** What extensions find on their worker. One per worker, made before the first snapshot, the same for its whole life. */
export interface WorkerContext {
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  readonly log: Logger;
  /** The root scope. */
  readonly stats: StatsScope;
  readonly clusters: ClusterDirectory;
  readonly routeTables: RouteTables;
  readonly format: FormatEnvironment;
  readonly accessLogFiles: AccessLogFiles;
  readonly extensions: WorkerExtensions;
}
