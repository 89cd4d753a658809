import { Gauge, type Registry } from "prom-client";

/** The Prometheus type of a family of samples. */
export type FamilyType = "counter" | "gauge" | "histogram" | "summary";

/** One line of the exposition. `metricName` is given where it differs from the family's (`_bucket`, `_sum`, …). */
export interface Sample {
  readonly value: number;
  readonly labels: Record<string, string | number>;
  readonly metricName?: string;
}

/** How many samples are rendered at once, to keep each piece of work short. */
const BATCH = 2000;

/**
 * Renders a family with prom-client: HELP, TYPE, then its samples, which stay as they are given instead of being
 * counted by prom-client itself. Gives pieces to be sent as they come.
 */
export async function* renderFamily(
  registry: Registry,
  name: string,
  type: FamilyType,
  help: string,
  samples: readonly Sample[],
): AsyncGenerator<string> {
  for (let at = 0; at < samples.length; at += BATCH) {
    registry.registerMetric(new Family(name, type, help, samples.slice(at, at + BATCH)));
    const text = await registry.getSingleMetricAsString(name);
    registry.removeSingleMetric(name);
    yield `${at === 0 ? text : text.slice(endOfLine(text, 2))}\n`;
  }
}

function endOfLine(text: string, lines: number): number {
  let at = 0;
  for (let i = 0; i < lines; i++) at = text.indexOf("\n", at) + 1;
  return at;
}

/** A prom-client metric of any type whose samples are given from outside. */
class Family extends Gauge {
  readonly #exposed: { name: string; type: FamilyType; help: string; values: readonly Sample[] };

  constructor(name: string, type: FamilyType, help: string, values: readonly Sample[]) {
    super({ name, help, registers: [] });
    this.#exposed = { name, type, help, values };
  }

  /** What prom-client's registry asks a metric for first (its own histograms have it) when it renders. */
  getForPromString() {
    return this.#exposed;
  }
}
