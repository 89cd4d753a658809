import type { JsonObject } from "./json-value.ts";
import type { Later } from "./later.ts";

/** Envoy's states of a server. */
export type ServerState = "LIVE" | "DRAINING" | "PRE_INITIALIZING" | "INITIALIZING";

/** The process as a whole. */
export interface ServerView {
  state(): Later<ServerState>;
  info(): ServerInfo;
  memory(): Later<MemoryUse>;
  /** What initialisation still waits for (`/init_dump`). */
  unreadyTargets(): Later<readonly UnreadyTargets[]>;
}

/** Who the process is and how it was started. */
export interface ServerInfo {
  /** As `--version` prints it. */
  readonly version: string;
  /** As `--hot-restart-version` prints it: `disabled`. */
  readonly hotRestartVersion: string;
  readonly uptimeSeconds: number;
  /** By the names of Envoy's `CommandLineOptions`, in snake case. */
  readonly commandLineOptions: JsonObject;
  /** The bootstrap's `node`. */
  readonly node: JsonObject;
}

/** Memory in bytes. */
export interface MemoryUse {
  readonly allocatedBytes: number;
  readonly heapSizeBytes: number;
  readonly physicalBytes: number;
  readonly threads: readonly ThreadMemory[];
}

/** The part of one thread. `answering` is false if it did not tell in time; the numbers are its last ones then. */
export interface ThreadMemory {
  readonly thread: string;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly answering: boolean;
}

/** Something that is not ready, and what it waits for. */
export interface UnreadyTargets {
  /** Such as `Listener ingress`. */
  readonly name: string;
  readonly targetNames: readonly string[];
}
