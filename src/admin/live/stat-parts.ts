import type { MergedCounter, MergedGauge, MergedHistogram, StatsSnapshot } from "../../stats/merged-stat.ts";
import type { LivePart } from "./live-sample.ts";

/** Which stats make up a part of a kind. A part is there when its `anchor` is. */
interface PartStats {
  readonly kind: LivePart["kind"];
  readonly anchor: string;
  readonly stats: readonly string[];
}

const DOWNSTREAM_CX = ["downstream_cx_total", "downstream_cx_active"];

const PARTS: readonly PartStats[] = [
  { kind: "listener", anchor: "downstream_cx_total", stats: [...DOWNSTREAM_CX, "no_filter_chain_match"] },
  {
    kind: "http",
    anchor: "downstream_rq_total",
    stats: [
      ...DOWNSTREAM_CX,
      "downstream_rq_total",
      "downstream_rq_active",
      "downstream_rq_1xx",
      "downstream_rq_2xx",
      "downstream_rq_3xx",
      "downstream_rq_4xx",
      "downstream_rq_5xx",
      "downstream_cx_rx_bytes_total",
      "downstream_cx_tx_bytes_total",
    ],
  },
  {
    kind: "tcp",
    anchor: "downstream_cx_total",
    stats: [...DOWNSTREAM_CX, "downstream_cx_rx_bytes_total", "downstream_cx_tx_bytes_total"],
  },
  {
    kind: "cluster",
    anchor: "upstream_cx_total",
    stats: [
      "upstream_cx_total",
      "upstream_cx_active",
      "upstream_cx_connect_fail",
      "upstream_rq_total",
      "upstream_rq_active",
      "upstream_rq_pending_active",
      "upstream_rq_2xx",
      "upstream_rq_4xx",
      "upstream_rq_5xx",
      "upstream_rq_retry",
      "upstream_rq_timeout",
      "membership_healthy",
      "membership_total",
    ],
  },
];

type NumberStat = MergedCounter | MergedGauge;

/** A part and where its numbers stand. */
export interface StatPart {
  readonly kind: LivePart["kind"];
  readonly name: string;
  /** By the end of the name. */
  readonly stats: ReadonlyMap<string, NumberStat>;
}

/** The stats that the live view needs, found among all of them once for each set of names. */
export class StatParts {
  readonly #snapshot: StatsSnapshot;
  #counters: readonly MergedCounter[] | undefined;
  #gauges: readonly MergedGauge[] | undefined;
  #histograms: readonly MergedHistogram[] | undefined;
  #parts: readonly StatPart[] = [];
  #requestTimes: readonly MergedHistogram[] = [];
  #gaugesByName = new Map<string, MergedGauge>();

  constructor(snapshot: StatsSnapshot) {
    this.#snapshot = snapshot;
  }

  /** Every listener, connection manager, TCP proxy and cluster that counts, without those of the admin interface. */
  parts(): readonly StatPart[] {
    this.#refresh();
    return this.#parts;
  }

  /** The `downstream_rq_time` of all connection managers. */
  requestTimes(): readonly MergedHistogram[] {
    const histograms = this.#snapshot.histograms();
    if (histograms !== this.#histograms) {
      this.#histograms = histograms;
      this.#requestTimes = histograms.filter(
        ({ name }) => name.startsWith("http.") && name.endsWith(".downstream_rq_time"),
      );
    }
    return this.#requestTimes;
  }

  /** What a gauge stands at; 0 if there is none of that name. */
  gauge(name: string): number {
    this.#refresh();
    return this.#gaugesByName.get(name)?.value ?? 0;
  }

  #refresh(): void {
    const counters = this.#snapshot.counters();
    const gauges = this.#snapshot.gauges();
    // The arrays are others only when names have come or gone.
    if (counters === this.#counters && gauges === this.#gauges) return;
    this.#counters = counters;
    this.#gauges = gauges;
    this.#gaugesByName = new Map(
      gauges.filter(({ name }) => name.startsWith("listener_manager.")).map((gauge) => [gauge.name, gauge]),
    );
    this.#parts = findParts([...counters, ...gauges]);
  }
}

function findParts(stats: readonly NumberStat[]): StatPart[] {
  const kinds = new Map<string, PartStats>(PARTS.map((part) => [part.kind, part]));
  const found = new Map<string, StatPart & { readonly stats: Map<string, NumberStat> }>();
  for (const stat of stats) {
    const first = stat.name.indexOf(".");
    const last = stat.name.lastIndexOf(".");
    const part = last > first ? kinds.get(stat.name.slice(0, first)) : undefined;
    const end = stat.name.slice(last + 1);
    if (part?.stats.includes(end) !== true) continue;
    const name = stat.name.slice(first + 1, last);
    if (name === "admin" || (part.kind === "listener" && /\.worker_\d+$/.test(name))) continue;
    const key = `${part.kind}.${name}`;
    const entry = found.get(key) ?? { kind: part.kind, name, stats: new Map() };
    found.set(key, entry);
    entry.stats.set(end, stat);
  }
  return [...found.values()].filter(({ kind, stats: own }) => own.has(kinds.get(kind)!.anchor));
}
