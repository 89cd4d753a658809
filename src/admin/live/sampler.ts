import type { ThreadVitals } from "../../actor/inspection/thread-vitals.ts";
import { actorJson } from "../actors/actor-json.ts";
import type { ActorsView } from "../actors/actors-view.ts";
import { judgedThreads, loopDelays, threadJson } from "../actors/thread-json.ts";
import { workerJson } from "../actors/workers-handler.ts";
import type { WorkersView } from "../actors/workers-view.ts";
import type { ConfigView } from "../config-view.ts";
import type { BoundListener, ListenersView } from "../listeners-view.ts";
import type { ServerView } from "../server-view.ts";
import type { StatsView } from "../stats-view.ts";
import { LatencyWindow } from "./latency-window.ts";
import type { LivePart, LiveSample, LiveTotals } from "./live-sample.ts";
import { recentEvents } from "./recent-events.ts";
import { type StatPart, StatParts } from "./stat-parts.ts";

/** So many parts go with a sample; of more, those with the most requests and connections since the start. */
const MAX_PARTS = 200;

/** What samples are made of. */
export interface SamplerViews {
  readonly server: ServerView;
  readonly stats: StatsView;
  readonly workers: WorkersView;
  readonly actors: ActorsView;
  readonly config: ConfigView;
  readonly listeners: ListenersView;
}

/** Makes the samples of the live feed. */
export class Sampler {
  readonly #views: SamplerViews;
  readonly #parts: StatParts;
  readonly #latency = new LatencyWindow();
  #statsAtMs = 0;
  #vitals: readonly ThreadVitals[] = [];
  #lastLatency: LiveSample["latency"] = null;

  constructor(views: SamplerViews) {
    this.#views = views;
    this.#parts = new StatParts(views.stats.snapshot);
  }

  /**
   * Where everything stands now. With `fresh`, threads are asked for what they have counted; without, statistics are as of
   * the last sample that was.
   */
  async take(fresh: boolean, wallMs: () => number): Promise<LiveSample> {
    const { server, stats, workers, actors, config, listeners } = this.#views;
    if (fresh) {
      await stats.refresh();
      this.#statsAtMs = wallMs();
      this.#lastLatency = this.#latency.next(this.#parts.requestTimes());
      this.#vitals = await actors.threads();
    }
    const [state, status, workerList, bound] = await Promise.all([
      server.state(),
      config.status(),
      workers.workers(),
      listeners.listeners(),
    ]);
    const tree = actors.tree();
    const delays = loopDelays(tree, this.#vitals);
    const all = this.#parts.parts();
    const shown = all.length <= MAX_PARTS ? all : busiest(all);
    return {
      at_ms: wallMs(),
      stats_at_ms: this.#statsAtMs,
      state,
      version: status.version,
      reloading: status.reloading,
      totals: totals(all, (name) => this.#parts.gauge(name), bound),
      latency: this.#lastLatency,
      workers: workerList.map(workerJson),
      threads: judgedThreads(tree, this.#vitals).map((each) => threadJson(each, delays.get(each.thread))),
      actors: tree.map((report) => actorJson(report, true)),
      parts: shown.map(partJson),
      parts_left_out: all.length - shown.length,
      events: recentEvents(tree, status.history),
    };
  }

  /** What shows that something has happened which can't wait for the next sample. Asks nobody. */
  signature(): string {
    return JSON.stringify(this.#views.actors.tree(), (key, value) =>
      key === "" || /^\d+$/.test(key) || SIGNS.has(key) ? value : undefined,
    );
  }

  /** Nobody watches any more: the next sample begins anew. */
  reset(): void {
    this.#latency.reset();
    this.#lastLatency = null;
  }
}

const SIGNS = new Set(["id", "status", "answering", "restarts", "children"]);

function numberOf({ stats }: StatPart, name: string): number {
  return stats.get(name)?.value ?? 0;
}

function busiest(parts: readonly StatPart[]): StatPart[] {
  const weight = (part: StatPart): number =>
    numberOf(part, "upstream_rq_total") + numberOf(part, "downstream_rq_total") + numberOf(part, "downstream_cx_total");
  return parts
    .map((part) => ({ part, weight: weight(part) }))
    .sort((a, b) => b.weight - a.weight)
    .slice(0, MAX_PARTS)
    .map(({ part }) => part);
}

function partJson({ kind, name, stats }: StatPart): LivePart {
  const values: [string, number][] = [];
  for (const [end, { value }] of stats) if (value !== 0) values.push([end, value]);
  return { kind, name, values: Object.fromEntries(values) };
}

function totals(
  parts: readonly StatPart[],
  gauge: (name: string) => number,
  bound: readonly BoundListener[],
): LiveTotals {
  const sum = (kind: LivePart["kind"], name: string): number =>
    parts.reduce((total, part) => (part.kind === kind ? total + numberOf(part, name) : total), 0);
  const both = (name: string): number => sum("http", name) + sum("tcp", name);
  return {
    requests: sum("http", "downstream_rq_total"),
    responses_1xx: sum("http", "downstream_rq_1xx"),
    responses_2xx: sum("http", "downstream_rq_2xx"),
    responses_3xx: sum("http", "downstream_rq_3xx"),
    responses_4xx: sum("http", "downstream_rq_4xx"),
    responses_5xx: sum("http", "downstream_rq_5xx"),
    requests_active: sum("http", "downstream_rq_active"),
    connections: sum("listener", "downstream_cx_total"),
    connections_active: sum("listener", "downstream_cx_active"),
    received_bytes: both("downstream_cx_rx_bytes_total"),
    sent_bytes: both("downstream_cx_tx_bytes_total"),
    listeners: bound.length,
    listeners_closed: bound.filter(({ state }) => state === "closed").length,
    listeners_winding_up: bound.filter(({ state }) => state === "draining").length,
    chains_draining: gauge("listener_manager.total_filter_chains_draining"),
    listeners_draining: gauge("listener_manager.total_listeners_draining"),
  };
}
