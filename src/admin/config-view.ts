import type { AdminResponse } from "./admin-handler.ts";
import type { ConfigDumpQuery } from "./config-dump/config-dump-query.ts";
import type { JsonObject } from "./json-value.ts";
import type { Later } from "./later.ts";

/** The configuration in force and how it came to be. */
export interface ConfigView {
  /** `/config_dump`, without secrets. May take seconds for a large configuration. */
  dump(query: ConfigDumpQuery): Later<AdminResponse>;
  /** Where listeners and clusters stand in the files: `/config_places`. May take seconds for a large configuration. */
  places(): Later<AdminResponse>;
  status(): Later<ConfigStatus>;
}

/** One section of the configuration dump, such as `envoy.admin.v3.ClustersConfigDump`. */
export interface ConfigSection {
  /** Full name of the message. */
  readonly type: string;
  /** Its single fields, such as `bootstrap` or `version_info`. */
  readonly fields: JsonObject;
  /** Its repeated fields, such as `static_clusters`. */
  readonly resources: readonly ConfigResources[];
}

/** A repeated field of a section. */
export interface ConfigResources {
  readonly field: string;
  /** Full name of the elements' message. */
  readonly type: string;
  readonly elements: readonly { readonly name: string; readonly json: JsonObject }[];
}

/** How it stands with the configuration (`/config_status`). */
export interface ConfigStatus {
  /** Where it comes from, such as a path. */
  readonly source: string;
  readonly version: number;
  /** Milliseconds since the epoch. */
  readonly inForceSinceMs: number;
  readonly applied: number;
  readonly rejected: number;
  /** A change is under way or waits. */
  readonly reloading: boolean;
  readonly lastAttempt: ConfigAttempt | undefined;
  /** The last attempts, oldest first; the one that brought the version in force is always among them. */
  readonly history: readonly ConfigAttempt[];
}

/** The last time somebody tried to change the configuration. */
export interface ConfigAttempt {
  readonly atMs: number;
  /** What started it, such as `SIGHUP`, `file changed`, `POST /config/reload`. */
  readonly trigger: string;
  readonly outcome: ReloadOutcome;
}

/** What became of a reload. A rejected one changes nothing. */
export type ReloadOutcome =
  | {
      readonly type: "applied";
      readonly version: number;
      readonly changes: readonly ResourceChange[];
      /** How many more there were that are not kept. Default 0. */
      readonly changesLeftOut?: number;
    }
  | { readonly type: "unchanged"; readonly version: number }
  | {
      readonly type: "rejected";
      readonly problems: readonly string[];
      /** The lines around each problem, without what may be secret; null where there are none. */
      readonly excerpts?: readonly ({ readonly from: number; readonly lines: readonly string[] } | null)[];
    };

/** A resource that a reload touches. */
export interface ResourceChange {
  /** Such as `listener`, `filter_chain`, `route_config`, `cluster`, `endpoint`. */
  readonly kind: string;
  readonly name: string;
  readonly change: "added" | "changed" | "removed";
}

/** What a configuration would do if it were loaded. */
export type DryRunOutcome =
  | {
      readonly type: "valid";
      readonly changes: readonly ResourceChange[];
      readonly drains: readonly ConnectionDrain[];
      /** Workers that did not tell how many connections would drain. */
      readonly missingWorkers: readonly string[];
    }
  | { readonly type: "rejected"; readonly problems: readonly string[] };

/** Live connections of a worker that a change would drain. */
export interface ConnectionDrain {
  readonly worker: string;
  readonly connections: number;
}
