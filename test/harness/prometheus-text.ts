/** A family of a Prometheus exposition. */
export interface PrometheusFamily {
  readonly type: string;
  readonly samples: PrometheusSample[];
}

/** One line of a family. */
export interface PrometheusSample {
  /** With the suffix that histograms and summaries add. */
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/;
const TYPES = new Set(["counter", "gauge", "histogram", "summary", "untyped"]);
const SUFFIXES: Readonly<Record<string, RegExp>> = {
  histogram: /^_(bucket|sum|count)$/,
  summary: /^(_sum|_count|)$/,
};

/**
 * Reads the Prometheus text format 0.0.4 more strictly than Prometheus does: each family has one `# TYPE` before its samples, which
 * stand together; no sample comes twice; histograms have rising buckets that end with `+Inf` and agree with their count.
 * Throws with the line otherwise.
 */
export function parsePrometheusText(text: string): Map<string, PrometheusFamily> {
  const families = new Map<string, PrometheusFamily>();
  const seen = new Set<string>();
  let current = "";
  if (!text.endsWith("\n")) throw new Error("the last line does not end");
  for (const line of text.slice(0, -1).split("\n")) {
    const fail = (why: string): never => {
      throw new Error(`${why}: ${line}`);
    };
    if (line.startsWith("# HELP ")) continue;
    if (line.startsWith("# TYPE ")) {
      const [name = "", type = ""] = line.slice(7).split(" ");
      if (!NAME.test(name) || !TYPES.has(type)) fail("bad TYPE");
      if (families.has(name)) fail("a second TYPE");
      families.set(name, { type, samples: [] });
      current = name;
      continue;
    }
    if (line === "" || line.startsWith("#")) continue;
    const sample = readSample(line) ?? fail("no sample");
    const family = families.get(current);
    if (family === undefined || !belongs(sample.name, current, family.type)) fail("outside its family");
    const key = line.slice(0, line.lastIndexOf(" "));
    if (seen.has(key)) fail("twice");
    seen.add(key);
    family!.samples.push(sample);
  }
  for (const [name, family] of families) if (family.type === "histogram") checkHistogram(name, family);
  return families;
}

function belongs(sample: string, family: string, type: string): boolean {
  if (!sample.startsWith(family)) return false;
  return (SUFFIXES[type] ?? /^$/).test(sample.slice(family.length));
}

function readSample(line: string): PrometheusSample | undefined {
  const match = SAMPLE.exec(line);
  if (match === null) return undefined;
  const labels = new Map<string, string>();
  for (let rest = match[2] ?? ""; rest !== ""; ) {
    const label = LABEL.exec(rest);
    if (label === null || labels.has(label[1]!)) return undefined;
    labels.set(label[1]!, label[2]!);
    rest = rest.slice(label[0].length);
  }
  const text = match[3]!;
  const value = text === "+Inf" ? Number.POSITIVE_INFINITY : Number(text);
  return Number.isNaN(value) && text !== "NaN" ? undefined : { name: match[1]!, labels, value };
}

/** Buckets of each set of labels rise in bound and count, end with +Inf, and are as many as `_count` says. */
function checkHistogram(name: string, { samples }: PrometheusFamily): void {
  const series = new Map<string, { bounds: number[]; counts: number[]; count: number | undefined }>();
  for (const sample of samples) {
    const labels = [...sample.labels].filter(([label]) => label !== "le").toString();
    let own = series.get(labels);
    if (own === undefined) {
      own = { bounds: [], counts: [], count: undefined };
      series.set(labels, own);
    }
    if (sample.name === `${name}_count`) own.count = sample.value;
    if (sample.name !== `${name}_bucket`) continue;
    own.bounds.push(Number(sample.labels.get("le")?.replace("+Inf", "Infinity")));
    own.counts.push(sample.value);
  }
  for (const [labels, { bounds, counts, count }] of series) {
    const rising = bounds.every((bound, i) => i === 0 || bound > bounds[i - 1]!);
    const growing = counts.every((each, i) => i === 0 || each >= counts[i - 1]!);
    const whole = bounds.at(-1) === Number.POSITIVE_INFINITY && counts.at(-1) === count;
    if (!rising || !growing || !whole) throw new Error(`histogram ${name} {${labels}}: ${bounds} ${counts} ${count}`);
  }
}
