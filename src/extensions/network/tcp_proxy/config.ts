import { accessLogSupport, compileAccessLogs } from "../../../access-log/config.ts";
import type { CompileContext } from "../../../config/compile-context.ts";
import { durationMs } from "../../../config/duration-ms.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import type { Place } from "../../../config/place.ts";
import { compileFormatText } from "../../../http/format/config.ts";
import type { BackoffStrategy } from "../../../proto/gen/envoy/config/core/v3/backoff_pb.js";
import {
  type TcpProxy,
  type TcpProxy_TunnelingConfig,
  TcpProxySchema,
} from "../../../proto/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.js";
import type { HashPolicy } from "../../../proto/gen/envoy/type/v3/hash_policy_pb.js";
import { lbMetadata } from "../../../route/compile/cluster-specifier.ts";
import { compileHeaderAddition } from "../../../route/compile/header-mutations.ts";
import { TCP_PROXY_SUPPORT } from "./support.ts";
import type { TcpClusterData, TcpHashPolicyData, TcpProxyData, TunnelData } from "./tcp-proxy-data.ts";

const HOUR_MS = 3_600_000;
const LARGEST_TOTAL_WEIGHT = 0xffff_ffff;

/** `envoy.filters.network.tcp_proxy`, main side. */
export const tcpProxyConfig = extensionConfig({
  name: "envoy.filters.network.tcp_proxy",
  categories: ["envoy.filters.network"],
  schema: TcpProxySchema,
  support: [...TCP_PROXY_SUPPORT, ...accessLogSupport],
  terminal: true,
  configRequired: true,
  compile: (message, place, context): TcpProxyData => {
    const options = message.accessLogOptions;
    return {
      statPrefix: message.statPrefix,
      clusters: compileClusters(message, place, context),
      hashPolicy: compileHashPolicy(message.hashPolicy),
      metadataMatch: lbMetadata(message.metadataMatch),
      idleTimeoutMs: durationMs(message.idleTimeout, HOUR_MS),
      maxDownstreamConnectionDurationMs: durationMs(message.maxDownstreamConnectionDuration, 0),
      maxDurationJitterPercent: message.maxDownstreamConnectionDurationJitterPercentage?.value ?? 0,
      tunnel: compileTunnel(message.tunnelingConfig, place.field("tunneling_config"), context),
      maxConnectAttempts: message.maxConnectAttempts ?? 1,
      backOff: compileBackOff(message.backoffOptions, place.field("backoff_options"), context),
      accessLogs: compileAccessLogs(message.accessLog, place.field("access_log"), context),
      accessLogFlushIntervalMs: durationMs(options?.accessLogFlushInterval ?? message.accessLogFlushInterval, 0),
      flushAccessLogOnConnected: options?.flushAccessLogOnConnected ?? message.flushAccessLogOnConnected,
    };
  },
});

function compileClusters(message: TcpProxy, place: Place, context: CompileContext): TcpClusterData[] {
  const { clusterSpecifier: specifier } = message;
  const ownMatch = lbMetadata(message.metadataMatch);
  if (specifier.case === "cluster") {
    context.requireResource("cluster", specifier.value, place.field("cluster"));
    return [{ name: specifier.value, weight: 1, metadataMatch: ownMatch }];
  }
  const at = place.field("weighted_clusters").field("clusters");
  const clusters = (specifier.value?.clusters ?? []).map(({ name, weight, metadataMatch }, i) => {
    context.requireResource("cluster", name, at.index(i).field("name"));
    const match = lbMetadata(metadataMatch);
    return { name, weight, metadataMatch: match === null && ownMatch === null ? null : { ...ownMatch, ...match } };
  });
  const total = clusters.reduce((sum, { weight }) => sum + weight, 0);
  if (total > LARGEST_TOTAL_WEIGHT) {
    context.error(at, `the sum of the weights is ${total}, more than ${LARGEST_TOTAL_WEIGHT}`);
  }
  return clusters;
}

function compileTunnel(
  message: TcpProxy_TunnelingConfig | undefined,
  place: Place,
  context: CompileContext,
): TunnelData | null {
  if (message === undefined) return null;
  const { hostname, usePost, postPath, headersToAdd, propagateResponseHeaders, propagateResponseTrailers } = message;
  if (postPath !== "" && !usePost) context.error(place.field("post_path"), "has no effect without use_post");
  if (postPath !== "" && !isRequestPath(postPath)) {
    context.error(place.field("post_path"), `"${postPath}" is no path`, "it begins with / and has no spaces");
  }
  const headersPlace = place.field("headers_to_add");
  return {
    hostname: compileFormatText(hostname, place.field("hostname"), context),
    method: usePost ? "POST" : "CONNECT",
    path: postPath === "" ? "/" : postPath,
    headers: {
      remove: [],
      add: headersToAdd.map((option, i) => compileHeaderAddition(option, headersPlace.index(i), context)),
    },
    keepsResponseHeaders: propagateResponseHeaders,
    keepsResponseTrailers: propagateResponseTrailers,
  };
}

function compileBackOff(
  message: BackoffStrategy | undefined,
  place: Place,
  context: CompileContext,
): TcpProxyData["backOff"] {
  if (message === undefined) return null;
  const baseMs = durationMs(message.baseInterval, 0);
  const maxMs = durationMs(message.maxInterval, baseMs * 10);
  if (maxMs < baseMs) context.error(place.field("max_interval"), "must not be less than base_interval");
  return { baseMs, maxMs };
}

function isRequestPath(path: string): boolean {
  return /^\/[\x21-\x7e]*$/.test(path);
}

function compileHashPolicy([policy]: readonly HashPolicy[]): TcpHashPolicyData {
  switch (policy?.policySpecifier.case) {
    case "sourceIp":
      return { type: "sourceIp" };
    case "filterState":
      return { type: "filterState", key: policy.policySpecifier.value.key };
    default:
      return null;
  }
}
