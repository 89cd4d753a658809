/** One flag of the command line. */
export interface CommandLineFlag {
  readonly name: string;
  readonly short?: string;
  /** Name of the value in the help; absent for a switch. */
  readonly value?: string;
  readonly help: string;
  /** Troupe's own; Envoy has no such flag. */
  readonly own?: boolean;
}

/** Every flag, in the order of the help. Names, meanings and defaults are Envoy's, but for those marked `own`. */
export const FLAGS: readonly CommandLineFlag[] = [
  { name: "config-path", short: "c", value: "FILE", help: "Configuration file: YAML, JSON, or binary protobuf (.pb)" },
  { name: "config-yaml", value: "YAML", help: "Configuration as text, merged over the file" },
  { name: "mode", value: "MODE", help: "serve (default), validate: check the configuration and exit, or init_only" },
  { name: "format", value: "FORMAT", help: "Output of --mode validate: text (default) or json", own: true },
  { name: "concurrency", value: "N", help: "Worker threads (default: hardware threads)" },
  {
    name: "allow-unsupported",
    help: "Warn about settings Troupe does not implement instead of refusing them",
    own: true,
  },
  { name: "no-watch", help: "Do not reload when the configuration file changes", own: true },
  {
    name: "log-level",
    short: "l",
    value: "LEVEL",
    help: "trace, debug, info (default), warning, error, critical or off",
  },
  { name: "component-log-level", value: "LIST", help: "Levels of single components: upstream:debug,worker:off" },
  { name: "log-path", value: "FILE", help: "Application log (default: standard error)" },
  {
    name: "log-format",
    value: "FORMAT",
    help: "json, text, or a pattern of %Y-%m-%d %T.%e %t %l %n %v (default: text on a terminal)",
  },
  { name: "service-cluster", value: "NAME", help: "Overrides node.cluster" },
  { name: "service-node", value: "ID", help: "Overrides node.id" },
  { name: "service-zone", value: "ZONE", help: "Overrides node.locality.zone" },
  { name: "local-address-ip-version", value: "V", help: "v4 (default) or v6: kind of this machine's own address" },
  { name: "admin-address-path", value: "FILE", help: "Write the admin address to this file once it listens" },
  { name: "admin-token-path", value: "FILE", help: "A file with the token that the admin interface wants", own: true },
  { name: "drain-time-s", value: "S", help: "How long connections may take to drain (default 600)" },
  { name: "drain-strategy", value: "NAME", help: "gradual (default): more and more often, or immediate" },
  {
    name: "parent-shutdown-time-s",
    value: "S",
    help: "Everything is over after so many seconds of shutdown (default 900)",
  },
  { name: "file-flush-interval-msec", value: "MS", help: "Flush access logs at least so often (default 10000)" },
  { name: "failed-requests", value: "N", help: "Failed requests that each worker remembers (default 100)", own: true },
  {
    name: "enable-heap-snapshots",
    help: "Admin endpoint for snapshots of a thread's memory, which hold secrets too",
    own: true,
  },
  { name: "enable-debug-endpoints", help: "Admin endpoints that crash and block workers, for tests", own: true },
  { name: "version", help: "Print the version and exit" },
  { name: "help", short: "h", help: "Print this and exit" },
];

const NO_HOT_RESTART = "it has no hot restart; a changed configuration is taken in without one (docs/hot-reload.md)";
const UNKNOWN_FIELDS = "unknown fields are always refused; leave the flag out";

/** Envoy's flags that Troupe has not, and what to do without each. */
export const ABSENT_FLAGS: ReadonlyMap<string, string> = new Map([
  ["restart-epoch", NO_HOT_RESTART],
  ["base-id", NO_HOT_RESTART],
  ["base-id-path", NO_HOT_RESTART],
  ["use-dynamic-base-id", NO_HOT_RESTART],
  ["disable-hot-restart", NO_HOT_RESTART],
  ["hot-restart-version", NO_HOT_RESTART],
  ["socket-path", NO_HOT_RESTART],
  ["socket-mode", NO_HOT_RESTART],
  ["skip-hot-restart-on-no-parent", NO_HOT_RESTART],
  ["skip-hot-restart-parent-stats", NO_HOT_RESTART],
  ["allow-unknown-fields", UNKNOWN_FIELDS],
  ["allow-unknown-static-fields", UNKNOWN_FIELDS],
  ["reject-unknown-dynamic-fields", UNKNOWN_FIELDS],
  ["ignore-unknown-dynamic-fields", UNKNOWN_FIELDS],
  ["cpuset-threads", "the number of workers is the number of CPUs it may run on; --concurrency sets another"],
  ["file-flush-min-size-kb", "access logs are flushed by time, see --file-flush-interval-msec"],
  ["log-format-escaped", "control characters in log lines are always escaped"],
  ["enable-fine-grain-logging", "levels are set per component, see --component-log-level"],
  ["enable-mutex-tracing", "its workers share no locks"],
  ["enable-core-dump", "use ulimit -c and node's --abort-on-uncaught-exception"],
  ["disable-extensions", "an extension is loaded only if a configuration names it"],
  ["stats-tag", "use stats_config.stats_tags with a fixed_value in the bootstrap"],
]);
