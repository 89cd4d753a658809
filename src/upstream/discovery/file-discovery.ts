import type { Logger } from "../../base/log.ts";
import type { TimerWheel, WheelTimer } from "../../base/timer-wheel.ts";
import type { AssignmentData, FileDiscoveryData } from "../cluster-data.ts";
import type { Discovery, DiscoveryOwner, DiscoveryStats } from "./discovery.ts";
import type { EndpointsFile, EndpointsFiles } from "./endpoints-files.ts";

/** What discovery from a file needs of its surroundings. */
export interface FileDiscoveryOptions {
  readonly files: EndpointsFiles;
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
  #unfollow: (() => void) | null = null;
  #attempted = false;
  #versionInfo = "";
  #problems: readonly string[] = [];
  #readingSinceMs = 0;
  readonly #stale: WheelTimer;

  constructor(data: FileDiscoveryData, owner: DiscoveryOwner, options: FileDiscoveryOptions) {
    this.#data = data;
    this.#owner = owner;
    this.#options = options;
    this.#stale = options.timers.timer(() => this.#onStale());
  }

  start(): void {
    const { path, watchedFolder, serviceName } = this.#data;
    const { files } = this.#options;
    this.#unfollow = files.follow(path, watchedFolder, {
      serviceName,
      onReading: () => this.#onReading(),
      onRead: (file) => this.#onRead(file),
    });
  }

  stop(): void {
    this.#unfollow?.();
    this.#stale.disarm();
  }

  inspect(): Readonly<Record<string, unknown>> {
    return { path: this.#data.path, versionInfo: this.#versionInfo, problems: this.#problems };
  }

  #onReading(): void {
    const { stats, timers } = this.#options;
    stats.updateAttempt.inc();
    this.#readingSinceMs = timers.clock.nowMs();
  }

  #take({ endpoints, policy, staleAfterMs }: AssignmentData): void {
    const { stats, timers } = this.#options;
    stats.updateSuccess.inc();
    stats.subscription.updateTime.set(timers.clock.wallMs());
    stats.subscription.updateDuration.record(timers.clock.nowMs() - this.#readingSinceMs);
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

  #onRead(file: EndpointsFile): void {
    const { log, stats } = this.#options;
    const { path, cluster } = this.#data;
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
