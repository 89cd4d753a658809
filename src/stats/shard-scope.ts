import type { Counter, Gauge, GaugeMergeMode, Histogram, HistogramUnit, StatsScope, TextReadout } from "./scope.ts";
import type { ShardEntries, ShardEntry } from "./shard-entry.ts";
import { joinStatName, sanitizeStatName } from "./stat-name.ts";

/** The handles for stats that the configuration rejects: all that code may do with one, and nothing comes of it. */
const IGNORED = {
  inc() {},
  dec() {},
  add() {},
  sub() {},
  set() {},
  record() {},
} satisfies Counter & Histogram & Record<keyof Gauge, (value: number) => void>;

/** A scope of a thread's stats. Remembers what it asked for, to give it back on release. */
export class ShardScope implements StatsScope {
  readonly #shard: ShardEntries;
  readonly #prefix: string;
  readonly #held = new Set<ShardEntry<unknown>>();

  constructor(shard: ShardEntries, prefix: string) {
    this.#shard = shard;
    this.#prefix = sanitizeStatName(prefix);
  }

  counter(name: string): Counter {
    return this.#hold(this.#shard.counter(joinStatName(this.#prefix, name))) ?? IGNORED;
  }

  gauge(name: string, merge: GaugeMergeMode = "accumulate"): Gauge {
    return this.#hold(this.#shard.gauge(joinStatName(this.#prefix, name), merge)) ?? IGNORED;
  }

  histogram(name: string, unit: HistogramUnit): Histogram {
    return this.#hold(this.#shard.histogram(joinStatName(this.#prefix, name), unit)) ?? IGNORED;
  }

  textReadout(name: string): TextReadout {
    return this.#hold(this.#shard.textReadout(joinStatName(this.#prefix, name))) ?? IGNORED;
  }

  scope(prefix: string): StatsScope {
    return new ShardScope(this.#shard, joinStatName(this.#prefix, prefix));
  }

  release(): void {
    for (const entry of this.#held) {
      entry.holders--;
      if (entry.holders === 0) this.#shard.remove(entry);
    }
    this.#held.clear();
  }

  #hold<H>(entry: ShardEntry<H> | undefined): H | undefined {
    if (entry === undefined) return undefined;
    if (!this.#held.has(entry)) {
      this.#held.add(entry);
      entry.holders++;
    }
    return entry.handle;
  }
}
