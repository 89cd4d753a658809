import type { Later } from "../later.ts";

/** What the supervisor knows of its workers. */
export interface WorkersView {
  workers(): Later<readonly WorkerStatus[]>;
}

/** One worker as `/workers` shows it. */
export interface WorkerStatus {
  readonly name: string;
  /** Lifecycle state, such as `running` or `draining`. */
  readonly status: string;
  readonly snapshotVersion: number;
  readonly restarts: number;
  /** False if the worker's thread has missed its reports. */
  readonly answering: boolean;
  /** Time since its last report. */
  readonly reportAgeMs: number;
  readonly connections: number;
}
