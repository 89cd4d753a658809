import type { LivePart, LiveSample, LiveTotals } from "../live/live-sample.ts";

/** What went on between two samples, per second. */
export interface Rates {
  readonly overMs: number;
  readonly totals: { readonly [Name in keyof LiveTotals]: number };
  /** By kind and name, as `partKey` joins them. */
  readonly parts: ReadonlyMap<string, Readonly<Record<string, number>>>;
}

/** What a part is found by. */
export function partKey({ kind, name }: Pick<LivePart, "kind" | "name">): string {
  return `${kind} ${name}`;
}

/**
 * Rates between two samples; undefined if the later one has no newer statistics. A counter that fell, because counters
 * were reset or the proxy was started anew, counts from zero.
 */
export function ratesBetween(before: LiveSample, after: LiveSample): Rates | undefined {
  const overMs = after.stats_at_ms - before.stats_at_ms;
  if (overMs <= 0) return undefined;
  const perSecond = (then: number, now: number): number => ((now < then ? now : now - then) * 1000) / overMs;
  const totals = Object.fromEntries(
    Object.entries(after.totals).map(([name, now]) => [name, perSecond(before.totals[name as keyof LiveTotals], now)]),
  ) as Rates["totals"];
  const known = new Map(before.parts.map((part) => [partKey(part), part]));
  const parts = after.parts.map((part) => {
    const then = known.get(partKey(part))?.values ?? {};
    const rates = Object.entries(part.values).map(([name, now]) => [name, perSecond(then[name] ?? 0, now)]);
    return [partKey(part), Object.fromEntries(rates) as Record<string, number>] as const;
  });
  return { overMs, totals, parts: new Map(parts) };
}

/** Requests that failed, of all: answered with 5xx. 0 without requests. */
export function errorShare(
  totals: Pick<LiveTotals, "responses_2xx" | "responses_5xx" | "responses_3xx" | "responses_4xx">,
): number {
  const all = totals.responses_2xx + totals.responses_3xx + totals.responses_4xx + totals.responses_5xx;
  return all === 0 ? 0 : totals.responses_5xx / all;
}
