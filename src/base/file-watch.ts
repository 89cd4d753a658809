import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { fileStamp, type StampedFile } from "./file-stamp.ts";
import type { Logger } from "./log.ts";
import type { TimerWheel, WheelTimer } from "./timer-wheel.ts";

/** Changes that come in a burst (an editor's, a copy's, a certificate's and its key's) are told once, this long after the last. */
const QUIET_MS = 100;
/** Where the system tells nothing (network file systems, a symlink's far end), looking is what is left. */
const LOOK_INTERVAL_MS = 1000;

/**
 * Tells when the content of files may have changed: written in place, replaced by a rename, or reached by a symlink that was swapped (as
 * Kubernetes does with mounted ConfigMaps). Watches their folders, because a replaced file is another file: one watcher for each folder, one
 * look for all. Main thread.
 */
export class FileWatch {
  readonly #log: Logger;
  readonly #onChange: () => void;
  readonly #quiet: WheelTimer;
  readonly #look: WheelTimer;
  readonly #folders = new Map<string, FSWatcher | null>();
  #stamps: ReadonlyMap<string, string> = new Map();
  /** What is of interest in the folders; null = everything. */
  #names: ReadonlySet<string> | null = new Set();

  /** `onChange` is called once for a burst of changes. */
  constructor(timers: TimerWheel, log: Logger, onChange: () => void) {
    this.#log = log;
    this.#onChange = onChange;
    this.#quiet = timers.timer(() => this.#settled());
    this.#look = timers.timer(() => this.#lookAgain());
  }

  /**
   * Watches these files and no others. A change since the stamp was taken counts. With a `folder`, what happens in that one is followed, and not
   * what happens in the files' own.
   */
  set(files: readonly StampedFile[], folder: string | null = null): void {
    this.#stamps = new Map(files.map(({ path, stamp }) => [path, stamp]));
    this.#names = folder === null ? new Set(files.map(({ path }) => basename(path))) : null;
    const folders = new Set(files.map(({ path }) => folder ?? dirname(path)));
    for (const [folder, watcher] of this.#folders) {
      if (folders.has(folder)) continue;
      watcher?.close();
      this.#folders.delete(folder);
    }
    for (const folder of folders) if (!this.#folders.has(folder)) this.#folders.set(folder, this.#watch(folder));
    if (files.length === 0) this.#look.disarm();
    else this.#look.arm(LOOK_INTERVAL_MS);
    if (this.#changed) this.#quiet.arm(QUIET_MS);
  }

  stop(): void {
    this.set([]);
    this.#quiet.disarm();
  }

  get #changed(): boolean {
    for (const [path, stamp] of this.#stamps) if (fileStamp(path) !== stamp) return true;
    return false;
  }

  #watch(folder: string): FSWatcher | null {
    const warn = (error: unknown): void => {
      const text = error instanceof Error ? error.message : String(error);
      this.#log.warn({ folder, error: text }, "the folder can't be watched; its files are looked at once a second");
    };
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => this.#onEvent(name));
      watcher.on("error", warn);
      return watcher;
    } catch (error) {
      warn(error);
      return null;
    }
  }

  #onEvent(name: string | null): void {
    // Kubernetes swaps `..data`, so any name that begins with two dots counts.
    const isOfInterest = name === null || this.#names === null || this.#names.has(name) || name.startsWith("..");
    if (isOfInterest) this.#quiet.arm(QUIET_MS);
  }

  #lookAgain(): void {
    this.#look.arm(LOOK_INTERVAL_MS);
    if (!this.#quiet.armed && this.#changed) this.#quiet.arm(QUIET_MS);
  }

  #settled(): void {
    if (!this.#changed) return;
    // What is read now is noted now: if the reload is refused, the next change is one again.
    this.#stamps = new Map([...this.#stamps.keys()].map((path) => [path, fileStamp(path)]));
    this.#onChange();
  }
}
