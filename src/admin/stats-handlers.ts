import { RE2JS } from "re2js";
import { PROMETHEUS_CONTENT_TYPE, renderPrometheus } from "../stats/render/prometheus-exposition.ts";
import { renderStatsJson } from "../stats/render/render-json.ts";
import { renderStatsText } from "../stats/render/render-text.ts";
import type { StatType } from "../stats/stat-kind.ts";
import { HISTOGRAM_VIEWS, type StatsQuery } from "../stats/stats-query.ts";
import {
  type AdminHandler,
  type AdminParam,
  type AdminRequest,
  type AdminResponse,
  JSON_TYPE,
  OK,
  textResponse,
} from "./admin-handler.ts";
import type { Control } from "./control.ts";
import type { StatsView } from "./stats-view.ts";

const TYPES: ReadonlyMap<string, StatType | "all"> = new Map([
  ["All", "all"],
  ["Counters", "counter"],
  ["Gauges", "gauge"],
  ["Histograms", "histogram"],
  ["TextReadouts", "textReadout"],
]);

const USED_ONLY: AdminParam = {
  name: "usedonly",
  help: "Only include stats that have been written since the start",
  kind: "flag",
};
const FILTER: AdminParam = { name: "filter", help: "Regular expression (RE2) that names must contain", kind: "text" };

/** `/stats`, `/stats/prometheus` and `/reset_counters`. */
export function statsHandlers(stats: StatsView, control: Control): readonly AdminHandler[] {
  return [
    {
      path: "/stats",
      access: "read",
      help: "print server stats",
      params: [
        USED_ONLY,
        FILTER,
        { name: "format", help: "Format to use", kind: ["text", "json", "prometheus"] },
        { name: "type", help: "Stat types to include", kind: [...TYPES.keys()] },
        { name: "histogram_buckets", help: "Histogram bucket display mode", kind: HISTOGRAM_VIEWS },
        { name: "hidden", help: "Hidden stats; there are none", kind: HIDDEN },
      ],
      handle: (request) => statsPage(stats, request),
    },
    {
      path: "/stats/prometheus",
      access: "read",
      help: "print server stats in prometheus format",
      params: [
        USED_ONLY,
        FILTER,
        {
          name: "text_readouts",
          help: "Show text readouts as gauges of value 1 with the text in a label",
          kind: "flag",
        },
        { name: "histogram_buckets", help: "Histogram bucket display mode", kind: ["cumulative", "summary"] },
      ],
      handle: (request) => prometheusPage(stats, request),
    },
    {
      path: "/reset_counters",
      access: "change",
      help: "reset all counters to zero",
      handle: () => {
        control.resetCounters();
        return OK;
      },
    },
  ];
}

async function statsPage(stats: StatsView, request: AdminRequest): Promise<AdminResponse> {
  const format = request.params.get("format") ?? "text";
  if (format === "prometheus") return prometheusPage(stats, request);
  if (format !== "text" && format !== "json") {
    return textResponse(400, "usage: /stats?format=(json|prometheus|text)\n\n");
  }
  const query = parseQuery(request.params);
  if (typeof query === "string") return textResponse(400, query);
  await stats.refreshForPage();
  return format === "json"
    ? { status: 200, contentType: JSON_TYPE, body: renderStatsJson(stats.snapshot, query, stats.buckets()) }
    : textResponse(200, renderStatsText(stats.snapshot, query, stats.buckets()));
}

async function prometheusPage(stats: StatsView, request: AdminRequest): Promise<AdminResponse> {
  const query = parseQuery(request.params);
  if (typeof query === "string") return textResponse(400, query);
  await stats.refreshForPage();
  return { status: 200, contentType: PROMETHEUS_CONTENT_TYPE, body: exposition(stats, query) };
}

async function* exposition(stats: StatsView, query: StatsQuery): AsyncGenerator<string> {
  yield* renderPrometheus(stats.snapshot, query, stats.tags(), stats.buckets());
  if (query.filter === undefined) yield await stats.processExposition();
}

const HIDDEN: readonly string[] = ["include", "exclude", "showonly"];

/** The parameters as a query, or what is wrong with them. */
function parseQuery(params: URLSearchParams): StatsQuery | string {
  const type = TYPES.get(params.get("type") ?? "All");
  if (type === undefined) return "invalid &type= param\n";
  const view = params.get("histogram_buckets") ?? "none";
  const histogramView = HISTOGRAM_VIEWS.find((each) => each === view);
  if (histogramView === undefined) return `usage: /stats?histogram_buckets=(${HISTOGRAM_VIEWS.join("|")})\n`;
  const hidden = params.get("hidden") ?? "exclude";
  if (!HIDDEN.includes(hidden)) return `usage: /stats?hidden=(${HIDDEN.join("|")})\n`;
  const filter = parseFilter(params);
  if (typeof filter === "string") return filter;
  return {
    usedOnly: params.has("usedonly"),
    type: hidden === "showonly" ? "all" : type,
    filter: hidden === "showonly" ? () => false : filter,
    histogramView,
    textReadouts: params.has("text_readouts"),
  };
}

function parseFilter(params: URLSearchParams): ((name: string) => boolean) | undefined | string {
  const text = params.get("filter");
  if (text === null || text === "") return undefined;
  try {
    const regex = RE2JS.compile(text);
    return (name) => regex.matcher(name).find();
  } catch (error) {
    return `Invalid re2 regex: ${error instanceof Error ? error.message : String(error)}\n`;
  }
}
