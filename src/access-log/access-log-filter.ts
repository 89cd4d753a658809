import type { Clock } from "../base/clock.ts";
import type { RandomSource } from "../base/random.ts";
import type { FormatContext } from "../http/format/format-context.ts";
import { TrailerMap } from "../http/header-map.ts";
import { HeaderMatcher } from "../match/header-matcher.ts";
import { MetadataMatcher, type MetadataMatcherData } from "../match/metadata-matcher.ts";
import { metadataAt } from "../match/metadata-path.ts";
import { isInFraction } from "../route/fraction.ts";
import type { FractionData } from "../route/route-table-data.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { AccessLogFilterData, ComparisonData } from "./access-log-data.ts";
import { grpcStatusOf } from "./grpc-status.ts";

/** Whether an occasion is to be logged. */
export type AccessLogFilter = (context: FormatContext) => boolean;

/** What filters need beside the occasion. */
export interface AccessLogFilterEnvironment {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly runtime: Runtime;
}

const NO_HEADERS = new TrailerMap();

/** Makes the filter; null logs everything. */
export function createAccessLogFilter(
  data: AccessLogFilterData | null,
  environment: AccessLogFilterEnvironment,
): AccessLogFilter | null {
  return data === null ? null : createFilter(data, environment);
}

function createFilter(data: AccessLogFilterData, environment: AccessLogFilterEnvironment): AccessLogFilter {
  switch (data.type) {
    case "statusCode":
      return ({ streamInfo }) => compare(streamInfo.responseCode, data.comparison, environment.runtime);
    case "duration":
      return ({ streamInfo }) => {
        const endMs = streamInfo.completedMs >= 0 ? streamInfo.completedMs : environment.clock.nowMs();
        return compare(Math.floor(endMs - streamInfo.startMs), data.comparison, environment.runtime);
      };
    case "notHealthCheck":
      return ({ streamInfo }) => !streamInfo.healthCheck;
    case "traceable":
      return ({ streamInfo }) => !streamInfo.healthCheck && streamInfo.traceReason !== "notTraceable";
    case "fraction":
      return fractionFilter(data.fraction, data.independent, environment);
    case "header": {
      const matcher = new HeaderMatcher(data.matcher);
      return ({ requestHeaders }) => matcher.matches(requestHeaders ?? NO_HEADERS);
    }
    case "responseFlag":
      return ({ streamInfo: { responseFlags } }) =>
        (data.flags === 0 ? responseFlags : responseFlags & data.flags) !== 0;
    case "grpcStatus":
      return (context) => data.statuses.includes(grpcStatusOf(context)) !== data.exclude;
    case "logType":
      return ({ accessLogType }) => data.types.includes(accessLogType) !== data.exclude;
    case "metadata":
      return metadataFilter(data.matcher, data.matchIfMissing);
    default:
      return combinedFilter(data.type, data.filters, environment);
  }
}

function combinedFilter(
  type: "and" | "or",
  data: readonly AccessLogFilterData[],
  environment: AccessLogFilterEnvironment,
): AccessLogFilter {
  const filters = data.map((each) => createFilter(each, environment));
  return type === "and"
    ? (context) => filters.every((filter) => filter(context))
    : (context) => filters.some((filter) => filter(context));
}

/** Without a matcher, or without a value where it looks, `matchIfMissing` decides. */
function metadataFilter(data: MetadataMatcherData | null, matchIfMissing: boolean): AccessLogFilter {
  if (data === null) return () => matchIfMissing;
  const matcher = new MetadataMatcher(data);
  return ({ streamInfo: { dynamicMetadata } }) =>
    metadataAt(dynamicMetadata, data) === undefined ? matchIfMissing : matcher.matches(dynamicMetadata);
}

function compare(value: number, comparison: ComparisonData, runtime: Runtime): boolean {
  const limit = runtime.integer(comparison);
  switch (comparison.op) {
    case "equal":
      return value === limit;
    case "atLeast":
      return value >= limit;
    case "atMost":
      return value <= limit;
  }
}

/** Takes a share of the streams: always the same for one request id, so that all proxies on the way agree. */
function fractionFilter(
  fraction: FractionData,
  independent: boolean,
  { random, runtime }: AccessLogFilterEnvironment,
): AccessLogFilter {
  return ({ requestHeaders }) => {
    const id = independent ? undefined : requestHeaders?.get("x-request-id");
    const fromId = id === undefined ? Number.NaN : Number.parseInt(id.slice(0, 8), 16);
    const value = Number.isNaN(fromId) ? random.uint32() : fromId;
    return isInFraction(runtime.share(fraction), value);
  };
}
