import { fileStamp } from "./file-stamp.ts";
import { FileWatch } from "./file-watch.ts";
import type { Logger } from "./log.ts";
import type { TimerWheel } from "./timer-wheel.ts";

/** Tells when the content of one file may have changed, as `FileWatch`, but not when it is away: only when it is there again. Main thread. */
export class PathWatch {
  readonly #watch: FileWatch;

  /**
   * Starts to watch. `since` is the file's `fileStamp` from before it was last read, so that a change meanwhile counts. `folder`: see
   * `FileWatch.set`.
   */
  constructor(
    path: string,
    since: string,
    timers: TimerWheel,
    log: Logger,
    onChange: () => void,
    folder: string | null = null,
  ) {
    this.#watch = new FileWatch(timers, log, () => {
      if (fileStamp(path) !== "") onChange();
    });
    this.#watch.set([{ path, stamp: since }], folder);
  }

  stop(): void {
    this.#watch.stop();
  }
}
