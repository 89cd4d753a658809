import { fileStamp } from "../../base/file-stamp.ts";
import type { Logger } from "../../base/log.ts";
import { PathWatch } from "../../base/path-watch.ts";
import type { TimerWheel, WheelTimer } from "../../base/timer-wheel.ts";
import type { AssignmentData, FileDiscoveryData } from "../cluster-data.ts";
import type { Discovery, DiscoveryOwner, DiscoveryStats } from "./discovery.ts";

/** What a file of endpoints holds: the endpoints, or what is wrong with it in words. */
export type EndpointsFile =
  | { readonly assignment: AssignmentData; readonly versionInfo: string }
  | { readonly problems: readonly string[] };

/** Reads and checks a file of endpoints. Rejects only if that can't be tried. */
export type ReadEndpoints = (path: string, serviceName: string) => Promise<EndpointsFile>;

/** What discovery from a file needs of its surroundings. */
export interface FileDiscoveryOptions {
  readonly read: ReadEndpoints;
  readonly timers: TimerWheel;
  readonly log: Logger;
  readonly stats: DiscoveryStats;
}

/**
 * The hosts of an EDS cluster whose endpoints are in a file: read at the start and whenever the file changes. A file that can't be read
 * or is wrong keeps the hosts as they were, is logged and counted. Main thread.
 */
export class FileDiscovery implements Discovery {
  readonly #data: FileDiscoveryData;
  readonly #owner: DiscoveryOwner;
  readonly #options: FileDiscoveryOptions;
  #watch: PathWatch | null = null;
  #reading = false;
  /** The file has changed while it was being read. */
  #again = false;
  #attempted = false;
  #stopped = false;
  #versionInfo = "";
  #problems: readonly string[] = [];
  readonly #stale: WheelTimer;

  constructor(data: FileDiscoveryData, owner: DiscoveryOwner, options: FileDiscoveryOptions) {
    this.#data = data;
    this.#owner = owner;
    this.#options = options;
    this.#stale = options.timers.timer(() => this.#onStale());
  }

  start(): void {
    const { path, watchedFolder } = this.#data;
    const { timers, log } = this.#options;
    this.#watch = new PathWatch(path, fileStamp(path), timers, log, () => this.#onChange(), watchedFolder);
    void this.#read();
  }

  stop(): void {
    this.#stopped = true;
    this.#watch?.stop();
    this.#stale.disarm();
  }

  inspect(): Readonly<Record<string, unknown>> {
    return { path: this.#data.path, versionInfo: this.#versionInfo, problems: this.#problems };
  }

  #take({ endpoints, policy, staleAfterMs }: AssignmentData): void {
    const { stats } = this.#options;
    stats.updateSuccess.inc();
    if (endpoints.length === 0) stats.updateEmpty.inc();
    this.#stale.disarm();
    if (staleAfterMs > 0) {
      stats.assignmentTimeoutReceived.inc();
      this.#stale.arm(staleAfterMs);
    }
    this.#owner.onHosts(endpoints, policy);
  }

  /** As in Envoy: a file that nobody has written for so long is not to be trusted any more. */
  #onStale(): void {
    this.#options.stats.assignmentStale.inc();
    this.#owner.onHosts([]);
  }

  #onChange(): void {
    if (this.#reading) this.#again = true;
    else void this.#read();
  }

  async #read(): Promise<void> {
    this.#reading = true;
    do {
      this.#again = false;
      await this.#readOnce();
    } while (this.#again && !this.#stopped);
    this.#reading = false;
  }

  async #readOnce(): Promise<void> {
    const { read, log, stats } = this.#options;
    const { path, serviceName, cluster } = this.#data;
    stats.updateAttempt.inc();
    const file = await read(path, serviceName).catch((error: unknown) => ({ problems: [String(error)] }));
    if (this.#stopped) return;
    if ("problems" in file) {
      stats.updateRejected.inc();
      this.#problems = file.problems;
      log.error({ cluster, path, problems: file.problems }, "endpoints refused; those before stay");
    } else {
      this.#problems = [];
      this.#versionInfo = file.versionInfo;
      this.#take(file.assignment);
    }
    if (this.#attempted) return;
    this.#attempted = true;
    this.#owner.onFirstAttempt();
  }
}
