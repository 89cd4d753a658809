import type { StreamInfo } from "../../stream-info.ts";
import {
  type FormatContext,
  type FormatEnvironment,
  type FormatEvaluator,
  type FormatOperator,
  plainOperator,
} from "../format-context.ts";
import { compileTimeFormat, createIsoTimeFormat } from "../strftime.ts";

/** Moments of a stream, on its worker's monotonic clock; -1 = did not happen. Names are Envoy's. */
const TIME_POINTS = new Map<string, (info: StreamInfo) => number>([
  ["DS_RX_BEG", (info) => info.startMs],
  ["DS_RX_END", (info) => info.requestLastByteMs],
  ["US_CX_END", (info) => info.upstream?.connectedAtMs ?? -1],
  ["US_TX_BEG", (info) => info.upstream?.firstByteSentAtMs ?? -1],
  ["US_TX_END", (info) => info.upstream?.lastByteSentAtMs ?? -1],
  ["US_RX_BEG", (info) => info.upstream?.firstByteReceivedAtMs ?? -1],
  ["US_RX_BODY_BEG", (info) => info.upstream?.firstBodyByteReceivedAtMs ?? -1],
  ["US_RX_END", (info) => info.upstream?.lastByteReceivedAtMs ?? -1],
  ["DS_TX_BEG", (info) => info.responseFirstByteMs],
  ["DS_TX_END", (info) => info.responseLastByteMs],
]);

/** Local times have no `Z` at their end. */
const LOCAL_LAYOUT = "%Y-%m-%dT%H:%M:%S.%3f%z";

/** Units per millisecond. */
const UNITS = new Map([
  ["ms", 1],
  ["us", 1_000],
  ["ns", 1_000_000],
]);

/** A moment; `local`: in the time zone of the process. */
function timeOperator(
  read: (context: FormatContext, environment: FormatEnvironment) => number,
  local = false,
): FormatOperator {
  return {
    argument: "optional",
    truncates: false,
    problem(argument) {
      const compiled = argument === "" ? null : compileTimeFormat(argument);
      return compiled !== null && typeof compiled !== "function" ? compiled.problem : null;
    },
    create(argument, environment) {
      const layout = argument === "" && local ? LOCAL_LAYOUT : argument;
      const compiled = layout === "" ? createIsoTimeFormat() : compileTimeFormat(layout, local);
      if (typeof compiled !== "function") throw new TypeError(compiled.problem);
      return (context) => compiled(read(context, environment));
    },
  };
}

/** Whole milliseconds between two moments; undefined if one of them did not happen. */
function elapsed(fromMs: number, toMs: number, unitsPerMs = 1): number | undefined {
  return fromMs < 0 || toMs < 0 ? undefined : Math.max(0, Math.floor((toMs - fromMs) * unitsPerMs));
}

function betweenOperator(from: string, to: string): FormatOperator {
  const start = TIME_POINTS.get(from)!;
  const end = TIME_POINTS.get(to)!;
  return {
    argument: "none",
    truncates: false,
    create: () => (context) => elapsed(start(context.streamInfo), end(context.streamInfo)),
  };
}

/** `DURATION`: until the stream was complete, or until now if it lives. */
const durationOperator: FormatOperator = {
  argument: "none",
  truncates: false,
  create:
    (_, environment): FormatEvaluator =>
    ({ streamInfo }) =>
      elapsed(streamInfo.startMs, streamInfo.completedMs >= 0 ? streamInfo.completedMs : environment.clock.nowMs()),
};

/** `COMMON_DURATION(START:END[:ms|us|ns])`. */
const commonDurationOperator: FormatOperator = {
  argument: "required",
  truncates: false,
  problem(argument) {
    const [from, to, unit, extra] = argument.split(":");
    if (to === undefined || extra !== undefined) return "expected START:END or START:END:UNIT";
    for (const point of [from!, to]) {
      if (!TIME_POINTS.has(point)) {
        return `unknown or unsupported time point "${point}" (known: ${[...TIME_POINTS.keys()].join(", ")})`;
      }
    }
    return unit !== undefined && !UNITS.has(unit) ? `unknown unit "${unit}" (known: ms, us, ns)` : null;
  },
  create(argument) {
    const [from, to, unit] = argument.split(":");
    const start = TIME_POINTS.get(from!)!;
    const end = TIME_POINTS.get(to!)!;
    const unitsPerMs = UNITS.get(unit ?? "ms")!;
    return ({ streamInfo }) => elapsed(start(streamInfo), end(streamInfo), unitsPerMs);
  },
};

/** Operators about moments and durations. */
export const timeOperators: ReadonlyMap<string, FormatOperator> = new Map([
  ["START_TIME", timeOperator((context) => context.streamInfo.startWallMs)],
  ["EMIT_TIME", timeOperator((_, environment) => environment.clock.wallMs())],
  ["START_TIME_LOCAL", timeOperator((context) => context.streamInfo.startWallMs, true)],
  ["EMIT_TIME_LOCAL", timeOperator((_, environment) => environment.clock.wallMs(), true)],
  ["DURATION", durationOperator],
  ["COMMON_DURATION", commonDurationOperator],
  ["REQUEST_DURATION", betweenOperator("DS_RX_BEG", "DS_RX_END")],
  ["REQUEST_TX_DURATION", betweenOperator("DS_RX_BEG", "US_TX_END")],
  ["RESPONSE_DURATION", betweenOperator("DS_RX_BEG", "US_RX_BEG")],
  ["RESPONSE_TX_DURATION", betweenOperator("US_RX_BEG", "DS_TX_END")],
  [
    "UPSTREAM_CONNECTION_POOL_READY_DURATION",
    plainOperator(({ streamInfo: { upstream } }) =>
      upstream === null ? undefined : elapsed(upstream.poolAskedAtMs, upstream.firstByteSentAtMs),
    ),
  ],
]);
