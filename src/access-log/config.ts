import { create } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import type { CompileContext } from "../config/compile-context.ts";
import type { AccessLogsCompiler } from "../config/compiler/compiler-table.ts";
import { type MessageSupport, notYet, supportAll } from "../config/field-support.ts";
import type { Place } from "../config/place.ts";
import { ResponseFlag } from "../http/stream-info.ts";
import {
  type AccessLog,
  type AccessLogFilter,
  AccessLogFilterSchema,
  AccessLogSchema,
  AndFilterSchema,
  type ComparisonFilter,
  ComparisonFilter_Op,
  ComparisonFilterSchema,
  DurationFilterSchema,
  GrpcStatusFilterSchema,
  HeaderFilterSchema,
  LogTypeFilterSchema,
  MetadataFilterSchema,
  NotHealthCheckFilterSchema,
  OrFilterSchema,
  ResponseFlagFilterSchema,
  RuntimeFilterSchema,
  StatusCodeFilterSchema,
  TraceableFilterSchema,
} from "../proto/gen/envoy/config/accesslog/v3/accesslog_pb.js";
import { RuntimeUInt32Schema } from "../proto/gen/envoy/config/core/v3/base_pb.js";
import { AccessLogType } from "../proto/gen/envoy/data/accesslog/v3/accesslog_pb.js";
import { FileAccessLogSchema } from "../proto/gen/envoy/extensions/access_loggers/file/v3/file_pb.js";
import { compileHeaderMatcher, matcherSupport } from "../route/compile/matchers.ts";
import { compileMetadataMatcher, metadataMatcherSupport } from "../route/compile/metadata-matcher.ts";
import { compileFractionalPercent, routeMatchSupport } from "../route/compile/route-match.ts";
import type { AccessLogData, AccessLogFilterData, ComparisonData } from "./access-log-data.ts";

const OPS: Record<ComparisonFilter_Op, ComparisonData["op"]> = {
  [ComparisonFilter_Op.EQ]: "equal",
  [ComparisonFilter_Op.GE]: "atLeast",
  [ComparisonFilter_Op.LE]: "atMost",
};

/** The `access_log` of a connection manager, listener or tcp_proxy; `place` is that of the list. */
export function compileAccessLogs(
  messages: readonly AccessLog[],
  place: Place,
  context: CompileContext,
): AccessLogData[] {
  const logs: AccessLogData[] = [];
  for (const [i, { name, filter, configType }] of messages.entries()) {
    const at = place.index(i);
    const logger = context.extension("envoy.access_loggers", { name, typedConfig: configType.value }, at);
    const compiled = filter === undefined ? null : compileAccessLogFilter(filter, at.field("filter"), context);
    if (logger !== undefined) logs.push({ logger, filter: compiled });
  }
  return logs;
}

function compileComparison(message: ComparisonFilter | undefined): ComparisonData {
  return {
    op: OPS[message?.op ?? ComparisonFilter_Op.EQ],
    value: message?.value?.defaultValue ?? 0,
    runtimeKey: message?.value?.runtimeKey ?? "",
  };
}

/** A filter; null stands for one that Troupe does not have, which the support tables report. */
export function compileAccessLogFilter(
  message: AccessLogFilter,
  place: Place,
  context: CompileContext,
): AccessLogFilterData | null {
  const specifier = message.filterSpecifier;
  switch (specifier.case) {
    case "statusCodeFilter":
      return { type: "statusCode", comparison: compileComparison(specifier.value.comparison) };
    case "durationFilter":
      return { type: "duration", comparison: compileComparison(specifier.value.comparison) };
    case "notHealthCheckFilter":
      return { type: "notHealthCheck" };
    case "traceableFilter":
      return { type: "traceable" };
    case "runtimeFilter": {
      const { runtimeKey, percentSampled, useIndependentRandomness: independent } = specifier.value;
      return { type: "fraction", fraction: { ...compileFractionalPercent(percentSampled), runtimeKey }, independent };
    }
    case "andFilter":
      return { type: "and", filters: compileFilters(specifier.value.filters, place.field("and_filter"), context) };
    case "orFilter":
      return { type: "or", filters: compileFilters(specifier.value.filters, place.field("or_filter"), context) };
    case "headerFilter": {
      const { header } = specifier.value;
      const at = place.field("header_filter").field("header");
      return header === undefined ? null : { type: "header", matcher: compileHeaderMatcher(header, at, context) };
    }
    case "responseFlagFilter":
      return { type: "responseFlag", flags: flagBits(specifier.value.flags) };
    case "grpcStatusFilter":
      return { type: "grpcStatus", statuses: specifier.value.statuses, exclude: specifier.value.exclude };
    case "logTypeFilter": {
      const { types, exclude } = specifier.value;
      return { type: "logType", types: types.map((type) => AccessLogType[type]), exclude };
    }
    case "metadataFilter": {
      const { matcher, matchIfKeyNotFound } = specifier.value;
      const at = place.field("metadata_filter").field("matcher");
      return {
        type: "metadata",
        matcher: matcher === undefined ? null : compileMetadataMatcher(matcher, at, context),
        matchIfMissing: matchIfKeyNotFound ?? true,
      };
    }
    default:
      return null;
  }
}

function compileFilters(
  messages: readonly AccessLogFilter[],
  place: Place,
  context: CompileContext,
): AccessLogFilterData[] {
  return messages.flatMap(
    (message, i) => compileAccessLogFilter(message, place.field("filters").index(i), context) ?? [],
  );
}

/** The names have passed the protos' own rules. */
function flagBits(names: readonly string[]): number {
  let bits = 0;
  for (const [name, bit] of Object.entries(ResponseFlag)) if (names.includes(name)) bits |= 1 << bit;
  return bits;
}

/** Which fields of the messages compiled here are implemented; the messages stand in several places. */
export const accessLogSupport: readonly MessageSupport[] = [
  supportAll(AccessLogSchema),
  supportAll(AccessLogFilterSchema, {
    extension_filter: notYet("there are no access log filters but Envoy's own"),
  }),
  supportAll(ComparisonFilterSchema),
  supportAll(StatusCodeFilterSchema),
  supportAll(DurationFilterSchema),
  supportAll(NotHealthCheckFilterSchema),
  supportAll(RuntimeFilterSchema),
  supportAll(RuntimeUInt32Schema),
  supportAll(AndFilterSchema),
  supportAll(OrFilterSchema),
  supportAll(HeaderFilterSchema),
  supportAll(ResponseFlagFilterSchema),
  supportAll(GrpcStatusFilterSchema),
  supportAll(LogTypeFilterSchema),
  supportAll(MetadataFilterSchema),
  supportAll(TraceableFilterSchema),
  ...metadataMatcherSupport,
];

/** For the access logs of the admin endpoint, which stand in the bootstrap itself. */
export const accessLogsCompiler: AccessLogsCompiler = {
  support: [...accessLogSupport, ...matcherSupport, ...routeMatchSupport],
  compile: compileAccessLogs,
  compilePath(path, place, context): AccessLogData[] {
    const typedConfig = anyPack(FileAccessLogSchema, create(FileAccessLogSchema, { path }));
    const logger = context.extension("envoy.access_loggers", { name: "envoy.access_loggers.file", typedConfig }, place);
    return logger === undefined ? [] : [{ logger, filter: null }];
  },
};
