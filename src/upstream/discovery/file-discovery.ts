import { fileStamp } from "../../base/file-stamp.ts";
import type { Logger } from "../../base/log.ts";
import { PathWatch } from "../../base/path-watch.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { EndpointData, FileDiscoveryData } from "../cluster-data.ts";
import type { Discovery, DiscoveryOwner, DiscoveryStats } from "./discovery.ts";

/** What a file of endpoints holds: the endpoints, or what is wrong with it in words. */
export type EndpointsFile =
  | { readonly endpoints: readonly EndpointData[]; readonly versionInfo: string }
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

  constructor(data: FileDiscoveryData, owner: DiscoveryOwner, options: FileDiscoveryOptions) {
    this.#data = data;
    this.#owner = owner;
    this.#options = options;
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
  }

  inspect(): Readonly<Record<string, unknown>> {
    return { path: this.#data.path, versionInfo: this.#versionInfo, problems: this.#problems };
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
      stats.updateSuccess.inc();
      if (file.endpoints.length === 0) stats.updateEmpty.inc();
      this.#problems = [];
      this.#versionInfo = file.versionInfo;
      this.#owner.onHosts(file.endpoints);
    }
    if (this.#attempted) return;
    this.#attempted = true;
    this.#owner.onFirstAttempt();
  }
}
