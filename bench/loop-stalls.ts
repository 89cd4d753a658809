import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

/** How long the event loops of a proxy's workers stood still, noted by the workers themselves (`loop-probe.ts`). */
export class LoopStalls {
  readonly #file: string;

  /** `folder` is where the notes are written. */
  constructor(folder: string) {
    this.#file = path.join(folder, "loop-stalls.txt");
    writeFileSync(this.#file, "");
  }

  /** What the proxy's process needs in its environment. */
  get env(): Readonly<Record<string, string>> {
    const probe = new URL("./loop-probe.ts", import.meta.url).href;
    return { NODE_OPTIONS: `--import ${probe}`, LOOP_PROBE_FILE: this.#file };
  }

  /** The longest stall of any worker that ended after `sinceMs` on the wall clock; 0 if none was noted. */
  longestMs(sinceMs: number): number {
    const notes = readFileSync(this.#file, "utf8").split("\n").filter(Boolean);
    const stalls = notes.map((note) => note.split(" ").slice(1).map(Number));
    return Math.max(0, ...stalls.map(([atMs = 0, lateMs = 0]) => (atMs >= sinceMs ? lateMs : 0)));
  }
}
