import type { CompileContext } from "../../config/compile-context.ts";
import { durationMs } from "../../config/duration-ms.ts";
import type { Place } from "../../config/place.ts";
import { wireText } from "../../match/wire-text.ts";
import { type HeaderValueOption, RequestMethod } from "../../proto/gen/envoy/config/core/v3/base_pb.js";
import type {
  HealthCheck,
  HealthCheck_GrpcHealthCheck,
  HealthCheck_HttpHealthCheck,
  HealthCheck_Payload,
  HealthCheck_TcpHealthCheck,
} from "../../proto/gen/envoy/config/core/v3/health_check_pb.js";
import { ProxyProtocolConfig_Version } from "../../proto/gen/envoy/config/core/v3/proxy_protocol_pb.js";
import { CodecClientType } from "../../proto/gen/envoy/type/v3/http_pb.js";
import type { Int64Range } from "../../proto/gen/envoy/type/v3/range_pb.js";
import { compileHeaderAddition } from "../../route/compile/header-mutations.ts";
import { compileMutableHeaderName } from "../../route/compile/header-name.ts";
import { compileStringMatcher } from "../../route/compile/matchers.ts";
import type { ConnectionSettingsData } from "../cluster-data.ts";
import type {
  CheckData,
  CheckHeaderData,
  CheckTransportData,
  GrpcCheckData,
  HealthCheckData,
  HttpCheckData,
  StatusRangeData,
  TcpCheckData,
} from "../health-check/health-check-data.ts";
import type { Http1SettingsData } from "../http1-client-options.ts";
import type { TransportSocketsData } from "../transport-sockets-data.ts";

const DEFAULT_NO_TRAFFIC_INTERVAL_MS = 60_000;
const DEFAULT_BODY_BYTES = 1024;
const HEX = /^(?:[0-9a-fA-F]{2})*$/;

/** What the extensions of `event_logger` compile to: a file that gets the events. */
export interface EventSinkData {
  readonly path: string;
}

/** What of a cluster's connections holds for those of its checks, too. */
export type CheckedConnections = TransportSocketsData &
  Pick<ConnectionSettingsData, "sourceAddresses"> &
  Http1SettingsData;

/** Compiles `health_checks`: null if there are none. More than one is refused, as in Envoy. `connections` are the cluster's. */
export function compileHealthChecks(
  messages: readonly HealthCheck[],
  connections: CheckedConnections,
  place: Place,
  context: CompileContext,
): Omit<HealthCheckData, "ignoresNewHosts"> | null {
  const [message] = messages;
  if (message === undefined) return null;
  if (messages.length > 1) context.error(place.index(1), "a cluster can have one health check only", "keep the first");
  const check = compileCheck(message, connections, place.index(0), context);
  if (check === null) return null;
  const eventLogPaths = compileEventLogs(message, place.index(0), context);
  const { sourceAddresses } = connections;
  const transport = compileTransport(message, connections);
  return { ...compileTimes(message), eventLogPaths, check, sourceAddresses, transport };
}

function compileEventLogs({ eventLogPath, eventLogger }: HealthCheck, place: Place, context: CompileContext): string[] {
  const paths = eventLogPath === "" ? [] : [eventLogPath];
  for (const [at, { name, typedConfig }] of eventLogger.entries()) {
    const sinkPlace = place.field("event_logger").index(at);
    const sink = context.extension("envoy.health_check.event_sinks", { name, typedConfig }, sinkPlace);
    if (sink !== undefined) paths.push((sink.data as EventSinkData).path);
  }
  return paths;
}

function compileTransport(message: HealthCheck, sockets: TransportSocketsData): CheckTransportData | null {
  const { transportSocket, transportSocketMatches } = sockets;
  if (transportSocket === null && transportSocketMatches.length === 0) return null;
  return {
    transportSocket,
    transportSocketMatches,
    matchCriteria: message.transportSocketMatchCriteria ?? null,
    alpnProtocols: message.tlsOptions?.alpnProtocols ?? [],
  };
}

function compileTimes(
  message: HealthCheck,
): Omit<HealthCheckData, "check" | "transport" | "sourceAddresses" | "eventLogPaths" | "ignoresNewHosts"> {
  const intervalMs = durationMs(message.interval, 0);
  const noTrafficIntervalMs = durationMs(message.noTrafficInterval, DEFAULT_NO_TRAFFIC_INTERVAL_MS);
  const unhealthyIntervalMs = durationMs(message.unhealthyInterval, intervalMs);
  return {
    timeoutMs: durationMs(message.timeout, 0),
    intervalMs,
    initialJitterMs: durationMs(message.initialJitter, 0),
    intervalJitterMs: durationMs(message.intervalJitter, 0),
    intervalJitterPercent: message.intervalJitterPercent,
    unhealthyThreshold: message.unhealthyThreshold ?? 1,
    healthyThreshold: message.healthyThreshold ?? 1,
    altPort: message.altPort ?? 0,
    reuseConnection: message.reuseConnection ?? true,
    noTrafficIntervalMs,
    noTrafficHealthyIntervalMs: durationMs(message.noTrafficHealthyInterval, noTrafficIntervalMs),
    unhealthyIntervalMs,
    unhealthyEdgeIntervalMs: durationMs(message.unhealthyEdgeInterval, unhealthyIntervalMs),
    healthyEdgeIntervalMs: durationMs(message.healthyEdgeInterval, intervalMs),
    alwaysLogFailures: message.alwaysLogHealthCheckFailures,
    alwaysLogSuccess: message.alwaysLogHealthCheckSuccess,
  };
}

/** Null for a kind of check that the support table has refused already. */
function compileCheck(
  message: HealthCheck,
  http1: Http1SettingsData,
  place: Place,
  context: CompileContext,
): CheckData | null {
  const { healthChecker } = message;
  if ((message.altPort ?? 0) > 65535) context.error(place.field("alt_port"), "a port is at most 65535");
  if (healthChecker.case === "httpHealthCheck") {
    return compileHttpCheck(healthChecker.value, http1, place.field("http_health_check"), context);
  }
  if (healthChecker.case === "tcpHealthCheck") {
    return compileTcpCheck(healthChecker.value, place.field("tcp_health_check"), context);
  }
  if (healthChecker.case === "grpcHealthCheck") {
    return compileGrpcCheck(healthChecker.value, place.field("grpc_health_check"), context);
  }
  return null;
}

function compileHttpCheck(
  message: HealthCheck_HttpHealthCheck,
  http1: Http1SettingsData,
  place: Place,
  context: CompileContext,
): HttpCheckData {
  const method = message.method === RequestMethod.METHOD_UNSPECIFIED ? "GET" : RequestMethod[message.method]!;
  const expected = compileRanges(message.expectedStatuses, place.field("expected_statuses"), context);
  const matcher = message.serviceNameMatcher;
  return {
    type: "http",
    http2: message.codecClientType === CodecClientType.HTTP2,
    http1: {
      maxResponseHeadersBytes: http1.maxResponseHeadersBytes,
      maxResponseHeadersCount: http1.maxResponseHeadersCount,
      enableTrailers: http1.enableTrailers,
      keyFormat: http1.keyFormat,
      sendFullyQualifiedUrl: http1.sendFullyQualifiedUrl,
    },
    host: message.host,
    path: message.path,
    method,
    send: payload(message.send, place.field("send"), context),
    receive: payloads(message.receive, place.field("receive"), context),
    responseBufferBytes: Number(message.responseBufferSize ?? DEFAULT_BODY_BYTES),
    headersToAdd: compileHeaders(message.requestHeadersToAdd, place.field("request_headers_to_add"), context),
    headersToRemove: message.requestHeadersToRemove.map((name, at) =>
      compileMutableHeaderName(name, place.field("request_headers_to_remove").index(at), context),
    ),
    expectedStatuses: expected.length === 0 ? [{ start: 200, end: 201 }] : expected,
    retriableStatuses: compileRanges(message.retriableStatuses, place.field("retriable_statuses"), context),
    serviceNameMatcher:
      matcher === undefined ? null : compileStringMatcher(matcher, place.field("service_name_matcher"), context),
  };
}

function compileTcpCheck(message: HealthCheck_TcpHealthCheck, place: Place, context: CompileContext): TcpCheckData {
  const { proxyProtocolConfig: proxyProtocol } = message;
  return {
    type: "tcp",
    send: payload(message.send, place.field("send"), context),
    receive: payloads(message.receive, place.field("receive"), context),
    proxyProtocol:
      proxyProtocol === undefined ? null : proxyProtocol.version === ProxyProtocolConfig_Version.V2 ? 2 : 1,
  };
}

function compileGrpcCheck(message: HealthCheck_GrpcHealthCheck, place: Place, context: CompileContext): GrpcCheckData {
  return {
    type: "grpc",
    serviceName: message.serviceName,
    authority: message.authority,
    headersToAdd: compileHeaders(message.initialMetadata, place.field("initial_metadata"), context),
  };
}

function compileHeaders(
  options: readonly HeaderValueOption[],
  place: Place,
  context: CompileContext,
): CheckHeaderData[] {
  return options.map((option, at) => {
    const { name, action, keepEmptyValue } = compileHeaderAddition(option, place.index(at), context);
    const raw = option.header?.rawValue ?? new Uint8Array();
    const value = raw.length > 0 ? Buffer.from(raw).toString("utf8") : (option.header?.value ?? "");
    if (value.replaceAll("%%", "").includes("%")) {
      const valuePlace = place.index(at).field("header").field("value");
      context.unsupported(valuePlace, "the headers of health checks are plain text", "%% stands for %");
    }
    return { name, value: wireText(value.replaceAll("%%", "%")), action, keepEmptyValue };
  });
}

function compileRanges(ranges: readonly Int64Range[], place: Place, context: CompileContext): StatusRangeData[] {
  return ranges.map((range, at) => {
    const [start, end] = [Number(range.start), Number(range.end)];
    if (start >= end)
      context.error(place.index(at), "a range ends after its start", "end is the first that is not in it");
    if (start < 100 || end > 600) context.error(place.index(at), "status codes go from 100 to 599");
    return { start, end };
  });
}

function payloads(messages: readonly HealthCheck_Payload[], place: Place, context: CompileContext): string[] {
  return messages.map((message, at) => payload(message, place.index(at), context));
}

/** As hexadecimal digits. */
function payload(message: HealthCheck_Payload | undefined, place: Place, context: CompileContext): string {
  if (message?.payload.case === "binary") return Buffer.from(message.payload.value).toString("hex");
  if (message?.payload.case !== "text") return "";
  const text = message.payload.value;
  if (!HEX.test(text)) context.error(place.field("text"), "the text of a payload is hexadecimal", "such as 50494e47");
  return text.toLowerCase();
}
