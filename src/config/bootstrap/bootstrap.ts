import { isIP } from "node:net";
import type { JsonObject } from "@bufbuild/protobuf";
import { regexProblem } from "../../match/regex.ts";
import type { Admin, Bootstrap } from "../../proto/gen/envoy/config/bootstrap/v3/bootstrap_pb.js";
import type { Node } from "../../proto/gen/envoy/config/core/v3/base_pb.js";
import type { StatsConfig, StatsMatcher } from "../../proto/gen/envoy/config/metrics/v3/stats_pb.js";
import type { StringMatcher } from "../../proto/gen/envoy/type/matcher/v3/string_pb.js";
import {
  defaultStatsConfig,
  type NamePattern,
  type StatsConfigData,
  type StatsMatcherData,
  type StatsTagData,
} from "../../stats/stats-config-data.ts";
import type { CompileContext, CompiledExtension } from "../compile-context.ts";
import type { AccessLogsCompiler } from "../compiler/compiler-table.ts";
import { durationMs } from "../duration-ms.ts";
import { Place } from "../place.ts";
import { compileUpstreamBind } from "../upstream-bind.ts";
import type { UpstreamBindData } from "../upstream-bind-data.ts";
import type { AdminAddressData, AdminData, BootstrapData, NodeData } from "./bootstrap-data.ts";
import { compileOverload } from "./overload.ts";
import { compileRuntimeLayers } from "./runtime-layers.ts";

type ErrorSink = Pick<CompileContext, "error" | "warning" | "extension" | "dependsOnFile">;

/** What the command line says about the node; it goes before the configuration. */
type NodeNames = { readonly id?: string; readonly cluster?: string; readonly zone?: string };

/** Compiles what a bootstrap says beside its listeners and clusters. Errors go to `context`. */
export function compileBootstrap(
  message: Bootstrap,
  context: CompileContext,
  node: NodeNames = {},
  accessLogs?: AccessLogsCompiler,
): BootstrapData {
  const { admin, statsConfig } = message;
  const at = Place.root;
  return {
    node: { ...nodeData(message.node), ...node },
    runtime: compileRuntimeLayers(message.layeredRuntime, at.field("layered_runtime"), {
      error: (...problem) => context.error(...problem),
      warning: (...problem) => context.warning(...problem),
      dependsOnFile: (path) => context.dependsOnFile(path),
      serviceCluster: node.cluster ?? message.node?.cluster ?? "",
    }),
    outlierEventLogPath: message.clusterManager?.outlierDetection?.eventLogPath ?? "",
    overload: compileOverload(message.overloadManager, at.field("overload_manager"), context),
    upstreamBind: upstreamBindData(message, at.field("cluster_manager").field("upstream_bind_config"), context),
    dnsResolver: dnsResolverData(message, at.field("typed_dns_resolver_config"), context),
    localClusterName: message.clusterManager?.localClusterName ?? "",
    admin: admin === undefined ? null : compileAdmin(admin, at.field("admin"), context, accessLogs),
    stats: {
      ...statsData(statsConfig, at.field("stats_config"), context),
      flushIntervalMs: durationMs(message.statsFlushInterval, defaultStatsConfig.flushIntervalMs),
      flushOnAdmin: flushesOnAdmin(message, at, context),
    },
    statsSinks: message.statsSinks.flatMap(({ name, configType }, index) => {
      const place = at.field("stats_sinks").index(index);
      return context.extension("envoy.stats_sinks", { name, typedConfig: configType.value }, place) ?? [];
    }),
  };
}

function flushesOnAdmin({ statsFlush, statsFlushInterval }: Bootstrap, at: Place, context: ErrorSink): boolean {
  const flushes = statsFlush.case === "statsFlushOnAdmin" && statsFlush.value;
  if (flushes && statsFlushInterval !== undefined) {
    context.error(at.field("stats_flush_on_admin"), "excludes stats_flush_interval");
  }
  return flushes;
}

function upstreamBindData(message: Bootstrap, place: Place, context: ErrorSink): UpstreamBindData | null {
  const config = message.clusterManager?.upstreamBindConfig;
  return config === undefined ? null : compileUpstreamBind(config, place, context);
}

function dnsResolverData(message: Bootstrap, place: Place, context: ErrorSink): CompiledExtension | null {
  const config = message.typedDnsResolverConfig;
  if (config === undefined) return null;
  const { name, typedConfig } = config;
  return context.extension("envoy.network.dns_resolver", { name, typedConfig }, place) ?? null;
}

function nodeData(node: Node | undefined): NodeData {
  return {
    id: node?.id ?? "",
    cluster: node?.cluster ?? "",
    region: node?.locality?.region ?? "",
    zone: node?.locality?.zone ?? "",
    subZone: node?.locality?.subZone ?? "",
    metadata: (node?.metadata as JsonObject | undefined) ?? {},
  };
}

function compileAdmin(admin: Admin, place: Place, context: CompileContext, accessLogs?: AccessLogsCompiler): AdminData {
  const { accessLog, accessLogPath: path } = admin;
  const logs = accessLogs?.compile(accessLog, place.field("access_log"), context) ?? [];
  // Most who write this path do so because Envoy once wanted one.
  const wantsFile = path !== "" && path !== "/dev/null";
  const fileLogs = wantsFile ? accessLogs?.compilePath(path, place.field("access_log_path"), context) : undefined;
  return { address: adminAddress(admin, place, context), accessLogs: [...logs, ...(fileLogs ?? [])] };
}

function adminAddress(admin: Admin, place: Place, context: ErrorSink): AdminAddressData | null {
  const address = admin.address?.address;
  const at = place.field("address");
  switch (address?.case) {
    case "pipe":
      return { type: "pipe", path: address.value.path, mode: address.value.mode };
    case "socketAddress": {
      const { address: ip, portSpecifier } = address.value;
      if (isIP(ip) === 0) {
        const text = JSON.stringify(ip);
        context.error(at.field("socket_address").field("address"), `${text} is no IP address`, "such as 127.0.0.1");
      }
      return { type: "ip", ip, port: portSpecifier.case === "portValue" ? portSpecifier.value : 0 };
    }
    default:
      return null;
  }
}

function statsData(message: StatsConfig | undefined, place: Place, context: ErrorSink): StatsConfigData {
  if (message === undefined) return defaultStatsConfig;
  const buckets = message.histogramBucketSettings.map((setting, index) => ({
    match: namePattern(setting.match, place.field("histogram_bucket_settings").index(index).field("match"), context),
    buckets: setting.buckets,
  }));
  return {
    matcher: matcherData(message.statsMatcher, place.field("stats_matcher"), context),
    tags: message.statsTags.map((tag, index): StatsTagData => {
      const { tagName: name, tagValue } = tag;
      if (tagValue.case === "fixedValue") return { name, fixedValue: tagValue.value };
      if (tagValue.case !== "regex" || tagValue.value === "") return { name };
      const problem = regexProblem(tagValue.value);
      const at = place.field("stats_tags").index(index).field("regex");
      if (problem !== null) context.error(at, `invalid regex: ${problem}`);
      return { name, regex: tagValue.value };
    }),
    useAllDefaultTags: message.useAllDefaultTags ?? defaultStatsConfig.useAllDefaultTags,
    histogramBuckets: buckets,
    flushIntervalMs: defaultStatsConfig.flushIntervalMs,
    flushOnAdmin: false,
  };
}

function matcherData(message: StatsMatcher | undefined, place: Place, context: ErrorSink): StatsMatcherData {
  const matcher = message?.statsMatcher;
  switch (matcher?.case) {
    case "rejectAll":
      return { type: matcher.value ? "rejectAll" : "acceptAll" };
    case "inclusionList":
    case "exclusionList": {
      const isInclusion = matcher.case === "inclusionList";
      const at = place.field(isInclusion ? "inclusion_list" : "exclusion_list").field("patterns");
      const patterns = matcher.value.patterns.map((pattern, index) => namePattern(pattern, at.index(index), context));
      return { type: isInclusion ? "inclusion" : "exclusion", patterns };
    }
    default:
      return { type: "acceptAll" };
  }
}

function namePattern(message: StringMatcher | undefined, place: Place, context: ErrorSink): NamePattern {
  const pattern = message?.matchPattern;
  const ignoreCase = message?.ignoreCase ?? false;
  switch (pattern?.case) {
    case "exact":
    case "prefix":
    case "suffix":
    case "contains":
      return { type: pattern.case, value: pattern.value, ignoreCase };
    case "safeRegex": {
      const problem = regexProblem(pattern.value.regex);
      if (problem !== null) context.error(place.field("safe_regex").field("regex"), `invalid regex: ${problem}`);
      return { type: "regex", value: pattern.value.regex, ignoreCase: false };
    }
    default:
      return { type: "exact", value: "", ignoreCase };
  }
}
