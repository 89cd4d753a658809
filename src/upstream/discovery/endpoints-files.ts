import { fileStamp } from "../../base/file-stamp.ts";
import type { Logger } from "../../base/log.ts";
import { PathWatch } from "../../base/path-watch.ts";
import type { TimerWheel } from "../../base/timer-wheel.ts";
import type { AssignmentData } from "../cluster-data.ts";

/** What a file of endpoints holds for one service: the endpoints, or what is wrong with it in words. */
export type EndpointsFile =
  | { readonly assignment: AssignmentData; readonly versionInfo: string }
  | { readonly problems: readonly string[] };

/** Reads and checks a file of endpoints: one answer for each name, in their order. Rejects only if that can't be tried. */
export type ReadEndpoints = (path: string, serviceNames: readonly string[]) => Promise<readonly EndpointsFile[]>;

/** Who wants to know what a file holds for a service. */
export interface EndpointsFollower {
  readonly serviceName: string;
  /** The file is about to be read. */
  onReading(): void;
  /** It has been read, as often as `onReading` was called. */
  onRead(file: EndpointsFile): void;
}

/** What watching and reading files needs of its surroundings. */
export interface EndpointsFilesOptions {
  readonly read: ReadEndpoints;
  readonly timers: TimerWheel;
  readonly log: Logger;
}

/** One file: its watch, who follows it, and those of them who have not heard of its present content. */
interface FollowedFile {
  readonly path: string;
  readonly watch: PathWatch;
  readonly followers: Set<EndpointsFollower>;
  readonly due: Set<EndpointsFollower>;
}

/**
 * The files that EDS clusters have their endpoints from. A file is watched once and read once, however many clusters follow it; files are
 * read one after the other, since one thread reads them all. Main thread.
 */
export class EndpointsFiles {
  readonly #options: EndpointsFilesOptions;
  readonly #files = new Map<string, FollowedFile>();
  /** Those with followers who are due, longest waiting first. */
  readonly #waiting = new Set<FollowedFile>();
  #reading = false;

  constructor(options: EndpointsFilesOptions) {
    this.#options = options;
  }

  /** Reads the file for `follower`, soon, and again whenever it or `watchedFolder` changes. Call what it returns to end that. */
  follow(path: string, watchedFolder: string | null, follower: EndpointsFollower): () => void {
    const key = JSON.stringify([path, watchedFolder]);
    const file = this.#files.get(key) ?? this.#open(key, path, watchedFolder);
    file.followers.add(follower);
    this.#want(file, [follower]);
    return () => {
      file.followers.delete(follower);
      file.due.delete(follower);
      if (file.followers.size > 0 || this.#files.get(key) !== file) return;
      file.watch.stop();
      this.#files.delete(key);
    };
  }

  #open(key: string, path: string, watchedFolder: string | null): FollowedFile {
    const { timers, log } = this.#options;
    const followers = new Set<EndpointsFollower>();
    const onChange = (): void => this.#want(file, followers);
    const watch = new PathWatch(path, fileStamp(path), timers, log, onChange, watchedFolder);
    const file: FollowedFile = { path, watch, followers, due: new Set() };
    this.#files.set(key, file);
    return file;
  }

  #want(file: FollowedFile, followers: Iterable<EndpointsFollower>): void {
    for (const follower of followers) file.due.add(follower);
    this.#waiting.add(file);
    if (!this.#reading) void this.#readWaiting();
  }

  async #readWaiting(): Promise<void> {
    this.#reading = true;
    // Clusters that come with one configuration come in one turn, and are read for together.
    await Promise.resolve();
    for (const file of this.#waiting) {
      this.#waiting.delete(file);
      await this.#read(file);
    }
    this.#reading = false;
  }

  async #read({ path, followers, due }: FollowedFile): Promise<void> {
    const readers = [...due];
    due.clear();
    if (readers.length === 0) return;
    for (const reader of readers) reader.onReading();
    const names = [...new Set(readers.map(({ serviceName }) => serviceName))];
    const failed = (error: unknown): EndpointsFile[] => names.map(() => ({ problems: [String(error)] }));
    const files = await this.#options.read(path, names).catch(failed);
    const byName = new Map(names.map((name, index) => [name, files[index]!]));
    for (const reader of readers) if (followers.has(reader)) reader.onRead(byName.get(reader.serviceName)!);
  }
}
