import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";

import { fileStamp } from "./file-stamp.ts";

import type { Logger } from "./log.ts";
import type { TimerWheel, WheelTimer } from "./timer-wheel.ts";

/** Changes that come in a burst (an editor's, a copy's) make one reload, this long after the last. */
const QUIET_MS = 100;
/** Where the system tells nothing (network file systems, a symlink's far end), looking is what is left. */
const LOOK_INTERVAL_MS = 1000;

/**
 * Tells when a file's content may have changed: written in place, replaced by a rename, or reached by a symlink that was swapped
 * (as Kubernetes does with mounted ConfigMaps). Watches the folder, because a replaced file is another file. Main thread.
 */
export class PathWatch {
  readonly #path: string;
  readonly #onChange: () => void;
  readonly #quiet: WheelTimer;
  readonly #look: WheelTimer;
  readonly #watcher: FSWatcher | undefined;
  #stamp: string;

  /**
   * Starts to watch. `since` is the file's `fileStamp` from before it was last read, so that a change meanwhile counts. A folder that
   * can't be watched is looked at once a second. With a `folder`, what happens in that one counts and not in the file's own.
   */
  constructor(
    path: string,
    since: string,
    timers: TimerWheel,
    log: Logger,
    onChange: () => void,
    folder: string | null = null,
  ) {
    this.#path = path;
    this.#onChange = onChange;
    this.#stamp = since;
    this.#quiet = timers.timer(() => this.#settled());
    this.#look = timers.timer(() => this.#lookAgain());
    this.#look.arm(LOOK_INTERVAL_MS);
    try {
      const onEvent = (_event: string, name: string | null): void => this.#onEvent(folder === null ? name : null);
      this.#watcher = watch(folder ?? dirname(path), { persistent: false }, onEvent);
      this.#watcher.on("error", (error) => log.warn({ path, error: error.message }, "the folder can't be watched"));
      if (fileStamp(path) !== since) this.#quiet.arm(QUIET_MS);
    } catch (error) {
      log.warn({ path, error: error instanceof Error ? error.message : String(error) }, "the folder can't be watched");
    }
  }

  stop(): void {
    this.#quiet.disarm();
    this.#look.disarm();
    this.#watcher?.close();
  }

  #onEvent(name: string | null): void {
    // Kubernetes swaps `..data`, so any name that begins with two dots counts.
    if (name === null || name === basename(this.#path) || name.startsWith("..")) this.#quiet.arm(QUIET_MS);
  }

  #lookAgain(): void {
    this.#look.arm(LOOK_INTERVAL_MS);
    if (!this.#quiet.armed && fileStamp(this.#path) !== this.#stamp) this.#quiet.arm(QUIET_MS);
  }

  #settled(): void {
    const stamp = fileStamp(this.#path);
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    // A file that is away for a moment comes back, and that is the change.
    if (stamp !== "") this.#onChange();
  }
}
