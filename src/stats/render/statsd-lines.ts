import type { MergedBase, MergedHistogram, StatsSnapshot } from "../merged-stat.ts";
import type { TagProducer } from "../tag/tag-producer.ts";

/** How tags are written: not at all (statsd), behind the value (DogStatsD), or behind the name (Graphite). */
export type StatsdDialect = "plain" | "dog" | "graphite";

/**
 * Turns stats into lines of the statsd protocol, once for each flush interval: counters as what they grew by since the last time,
 * gauges as they are, histograms as timers. What was never used is left out.
 * Differs from Envoy: values of histograms are sent once per interval, each with the middle of its bucket and a sample rate that says how
 * many there were; they are gathered over all workers, and no worker sends anything itself.
 */
export class StatsdLines {
  readonly #prefix: string;
  readonly #dialect: StatsdDialect;
  readonly #tags: TagProducer;
  /** What each counter stood at when it was last sent. */
  #sent: ReadonlyMap<string, number> = new Map();

  constructor(prefix: string, dialect: StatsdDialect, tags: TagProducer) {
    this.#prefix = prefix;
    this.#dialect = dialect;
    this.#tags = tags;
  }

  /** The lines of the interval that has just ended, without line ends. */
  *next(stats: StatsSnapshot): Generator<string> {
    const standing = new Map<string, number>();
    for (const counter of stats.counters()) {
      const { name, value, used } = counter;
      if (!used) continue;
      const before = this.#sent.get(name) ?? 0;
      standing.set(name, value);
      // Less than before: somebody has reset the counters.
      yield this.#line(counter, `${value < before ? value : value - before}|c`);
    }
    this.#sent = standing;
    for (const gauge of stats.gauges()) if (gauge.used) yield this.#line(gauge, `${gauge.value}|g`);
    for (const histogram of stats.histograms()) yield* this.#timers(histogram);
  }

  *#timers(histogram: MergedHistogram): Generator<string> {
    const { unit, interval } = histogram;
    if (interval.count === 0) return;
    // A percentage is kept as a share and sent as a number of percent.
    const scale = unit === "percent" ? 100 : 1;
    const kind = unit === "ms" || unit === "us" ? "ms" : "h";
    for (const { lowerBound, width, count } of interval.details()) {
      const middle = (lowerBound + width / 2) * scale;
      const value = unit === "us" ? middle / 1000 : middle;
      const rate = count === 1 ? "" : `|@${Number((1 / count).toPrecision(6))}`;
      yield this.#line(histogram, `${Number(value.toPrecision(6))}|${kind}${rate}`);
    }
  }

  #line(stat: MergedBase, value: string): string {
    if (this.#dialect === "plain") return `${this.#prefix}.${clean(stat.name)}:${value}`;
    const { extractedName: bare, tags } = this.#tags.tagsOf(stat);
    const written = tags.map(({ name: tag, value: of }) => [clean(tag), clean(of)] as const);
    if (this.#dialect === "graphite") {
      const suffix = written.map(([tag, of]) => `;${tag}=${of}`).join("");
      return `${this.#prefix}.${clean(bare)}${suffix}:${value}`;
    }
    const suffix = written.length === 0 ? "" : `|#${written.map(([tag, of]) => `${tag}:${of}`).join(",")}`;
    return `${this.#prefix}.${clean(bare)}:${value}${suffix}`;
  }
}

/** Characters that mean something in the protocol become `_`. */
function clean(text: string): string {
  return text.replace(/[:|@#;,=\s]/g, "_");
}
