import type { AccessLog } from "../../../access-log/access-log.ts";
import type { Clock } from "../../../base/clock.ts";
import type { RandomSource } from "../../../base/random.ts";
import type { TimerWheel } from "../../../base/timer-wheel.ts";
import type { FailedRequests } from "../../../http/failed-requests.ts";
import type { NamedHttpFilter } from "../../../http/filter-manager/filter-manager.ts";
import type { Http1ServerOptions } from "../../../http/http1/codec-options.ts";
import type { Http1CodecStats } from "../../../http/http1/codec-stats.ts";
import type { Http2ServerOptions } from "../../../http/http2/codec-options.ts";
import type { Http2CodecStats } from "../../../http/http2/codec-stats.ts";
import type { LocalReplyRewriter } from "../../../http/local-reply.ts";
import type { RouteTableSlot } from "../../../route/route-tables.ts";
import type { HcmData } from "./hcm-data.ts";
import type { HeadDeadline } from "./request-head-watch.ts";
import type { RequestHeaderContext } from "./request-headers.ts";
import type { RequestTracing } from "./request-tracing.ts";
import type { DateHeader } from "./response-headers.ts";
import type { HcmStats } from "./stats.ts";
import type { UpgradeTable } from "./upgrade-filters.ts";

/** What all connections of one configured connection manager on one worker share. */
export interface HcmRuntime {
  readonly data: HcmData;
  readonly stats: HcmStats;
  readonly filters: readonly NamedHttpFilter[];
  readonly upgrades: UpgradeTable;
  readonly routes: RouteTableSlot;
  readonly accessLogs: readonly AccessLog[];
  /** Null: failed requests are not remembered. */
  readonly failures: FailedRequests | null;
  /** Null: the proxy's own replies go out as they are. */
  readonly localReplies: LocalReplyRewriter | null;
  /** Null = no tracing. */
  readonly tracing: RequestTracing | null;
  readonly clock: Clock;
  readonly timers: TimerWheel;
  readonly random: RandomSource;
  readonly date: DateHeader;
  readonly headers: RequestHeaderContext;
  readonly headDeadline: HeadDeadline | null;
  readonly http1Options: Http1ServerOptions;
  readonly http1Stats: Http1CodecStats;
  readonly http2Options: Http2ServerOptions;
  readonly http2Stats: Http2CodecStats;
}
