import type { MergedCounter, MergedGauge, MergedTextReadout, StatsSnapshot } from "../merged-stat.ts";
import { type StatsQuery, selectStats } from "../stats-query.ts";

/** The stats with a single value that the query asks for, in Envoy's order: texts, then counters and gauges by name. */
export function* plainStats(
  snapshot: StatsSnapshot,
  query: StatsQuery,
): Generator<MergedTextReadout | MergedCounter | MergedGauge> {
  yield* selectStats(snapshot.textReadouts(), query);
  const counters = selectStats(snapshot.counters(), query);
  const gauges = selectStats(snapshot.gauges(), query);
  let counter = counters.next();
  let gauge = gauges.next();
  while (!counter.done || !gauge.done) {
    if (!counter.done && (gauge.done || counter.value.name <= gauge.value.name)) {
      yield counter.value;
      counter = counters.next();
    } else if (!gauge.done) {
      yield gauge.value;
      gauge = gauges.next();
    }
  }
}
