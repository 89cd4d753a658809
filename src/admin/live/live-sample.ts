/**
 * What `/events` sends once per second: where everything stands now. Counters are totals since the start, so that a subscriber
 * that misses a sample loses nothing; rates are the reader's to work out, over `at_ms`. The web page and the terminal read it.
 */
export interface LiveSample {
  /** Milliseconds since the epoch. */
  readonly at_ms: number;
  /** When the statistics were read. A sample that comes early, because something has happened, has those of the one before. */
  readonly stats_at_ms: number;
  /** `LIVE`, `DRAINING`, `PRE_INITIALIZING` or `INITIALIZING`. */
  readonly state: string;
  /** Of the configuration in force. */
  readonly version: number;
  /** A change of the configuration is under way. */
  readonly reloading: boolean;
  readonly totals: LiveTotals;
  /** Of the requests that ended since the sample before; null if there were none. */
  readonly latency: LiveLatency | null;
  readonly workers: readonly LiveWorker[];
  /** As in `/actors?format=json`, as of the last fresh sample. */
  readonly threads: readonly LiveThread[];
  /** As in `/actors?format=json`. */
  readonly actors: readonly LiveActor[];
  /** The busiest parts of each kind. */
  readonly parts: readonly LivePart[];
  /** How many parts there are that are not shown. */
  readonly parts_left_out: number;
  /** What happened last, newest first. */
  readonly events: readonly LiveEvent[];
}

/** Of all listeners together, without the admin interface. */
export interface LiveTotals {
  readonly requests: number;
  readonly responses_1xx: number;
  readonly responses_2xx: number;
  readonly responses_3xx: number;
  readonly responses_4xx: number;
  readonly responses_5xx: number;
  readonly requests_active: number;
  readonly connections: number;
  readonly connections_active: number;
  readonly received_bytes: number;
  readonly sent_bytes: number;
  readonly listeners: number;
  /** Those that `/drain_listeners` has closed. */
  readonly listeners_closed: number;
  /** Those whose connections `/drain_listeners?graceful` winds up; they still accept. */
  readonly listeners_winding_up: number;
  readonly chains_draining: number;
  /** Former ones, that a new configuration has taken away or replaced. */
  readonly listeners_draining: number;
}

/** Milliseconds. */
export interface LiveLatency {
  readonly count: number;
  readonly p50_ms: number;
  readonly p90_ms: number;
  readonly p99_ms: number;
  readonly max_ms: number;
}

/** A worker, as in `/workers?format=json`. */
export interface LiveWorker {
  readonly name: string;
  readonly status: string;
  readonly snapshot_version: number;
  readonly connections: number;
  readonly restarts: number;
  readonly answering: boolean;
  readonly report_age_ms: number;
}

/** A thread, as in `/actors?format=json`. Null is what is not known. */
export interface LiveThread {
  readonly thread: string;
  readonly answering: boolean;
  readonly age_ms: number;
  readonly over_ms: number;
  readonly event_loop_utilization: number;
  readonly event_loop_delay_ms: number | null;
  readonly cpu_share: number | null;
  readonly cpu_user_ms: number | null;
  readonly cpu_system_ms: number | null;
  readonly heap_used_bytes: number | null;
  readonly heap_total_bytes: number | null;
  readonly heap_limit_bytes: number | null;
  readonly external_bytes: number | null;
}

/** An actor, as in `/actors?format=json`. It has more fields than those that are named here. */
export interface LiveActor {
  readonly id: string;
  readonly kind: string;
  readonly thread: string;
  readonly status: string;
  readonly snapshot_version: unknown;
  readonly mailbox_length: number;
  readonly mailbox_capacity: number;
  readonly mailbox_alarm: boolean;
  readonly oldest_message_age_ms: number | null;
  readonly wait_ms: { readonly p50: number; readonly p99: number };
  readonly handle_ms: { readonly p50: number; readonly p99: number };
  readonly busy_share: number;
  readonly handled: number;
  readonly restarts: number;
  readonly last_error: string | null;
  readonly answering: boolean;
  readonly report_age_ms: number;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  readonly children: readonly LiveActor[];
}

/** The statistics of a listener, a connection manager, a TCP proxy or a cluster. */
export interface LivePart {
  readonly kind: "listener" | "http" | "tcp" | "cluster";
  /** As in the names of the statistics: a cluster's name, a `stat_prefix`, a listener's address with `_` for `:`. */
  readonly name: string;
  /** By the end of the statistic's name, such as `upstream_rq_total`. What is zero is left out. */
  readonly values: Readonly<Record<string, number>>;
}

/** Something that happened, in words. */
export interface LiveEvent {
  /** Milliseconds since the epoch. */
  readonly at_ms: number;
  readonly kind: "crash" | "applied" | "refused" | "unchanged";
  readonly text: string;
}
