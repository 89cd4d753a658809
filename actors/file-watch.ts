import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import { fileStamp, type StampedFile } from "../src/base/file-stamp.ts";
import type { Logger } from "../src/base/log.ts";
import type { TimerWheel, WheelTimer } from "../src/base/timer-wheel.ts";

/** A certificate and its key are written one after the other: both are read this long after the last change. */
const QUIET_MS = 100;
/** Where the system tells nothing (network file systems, a symlink's far end), looking is what is left. */
const LOOK_INTERVAL_MS = 1000;

/**
 * Watches the files that a configuration names (certificates, keys, secrets, modules), which are others after each reload. As
 * `PathWatch`, for many files: one watcher for each folder, one look for all. Main thread.
 */
export class FileWatch {
  readonly #log: Logger;
  readonly #onChange: () => void;
  readonly #quiet: WheelTimer;
  readonly #look: WheelTimer;
  readonly #folders = new Map<string, FSWatcher | null>();
  #stamps: ReadonlyMap<string, string> = new Map();
  #names: ReadonlySet<string> = new Set();

  /** `onChange` is called once for a burst of changes. */
  constructor(timers: TimerWheel, log: Logger, onChange: () => void) {
    this.#log = log;
    this.#onChange = onChange;
    this.#quiet = timers.timer(() => this.#settled());
    this.#look = timers.timer(() => this.#lookAgain());
  }

  /** Watches these files and no others. A change since the stamp was taken counts. */
  set(files: readonly StampedFile[]): void {
    this.#stamps = new Map(files.map(({ path, stamp }) => [path, stamp]));
    this.#names = new Set(files.map(({ path }) => basename(path)));
    const folders = new Set(files.map(({ path }) => dirname(path)));
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
    if (name === null || this.#names.has(name) || name.startsWith("..")) this.#quiet.arm(QUIET_MS);
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
