import type { CompileContext, CompiledExtension } from "../config/compile-context.ts";
import type { ResourceCompiler } from "../config/compiler/compiler-table.ts";
import { durationMs } from "../config/duration-ms.ts";
import type { Place } from "../config/place.ts";
import { compileUpstreamBind } from "../config/upstream-bind.ts";
import type { UpstreamBindData } from "../config/upstream-bind-data.ts";
import {
  type Cluster,
  Cluster_ClusterProtocolSelection,
  type ClusterSchema,
} from "../proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import type { TransportSocket } from "../proto/gen/envoy/config/core/v3/base_pb.js";
import type {
  ClusterLoadAssignment,
  ClusterLoadAssignmentSchema,
} from "../proto/gen/envoy/config/endpoint/v3/endpoint_pb.js";
import type { AssignmentData, ClusterData, ConnectionSettingsData, TcpKeepaliveData } from "./cluster-data.ts";
import { compileAggregate, refuseAggregation } from "./compile/aggregate.ts";
import { refuseSocketsWithoutAlpn } from "./compile/alpn-sockets.ts";
import { compileCircuitBreakers, compileHostConnectionLimits } from "./compile/circuit-breakers.ts";
import { CLUSTER_SUPPORT, LOAD_ASSIGNMENT_SUPPORT } from "./compile/cluster-support.ts";
import { compileDiscovery } from "./compile/discovery.ts";
import { compileDropOverload } from "./compile/drop-overload.ts";
import { compileEndpoints, compileMetadata } from "./compile/endpoints.ts";
import { compileBalancing, compileOverrideHostStatuses, compilePriorityLoad } from "./compile/load-balancer.ts";
import { compileOriginalDst } from "./compile/original-dst.ts";
import { compileOutlierThresholds } from "./compile/outlier-detection.ts";
import { compilePreconnect } from "./compile/preconnect.ts";
import { compileHttpProtocol, type HttpProtocolData, type UpstreamHttpProtocol } from "./http-protocol-data.ts";
import type { TrackedStatsData } from "./tracked-stats.ts";
import type { TransportSocketMatchData } from "./transport-sockets-data.ts";

/** Name of the extension whose data is a `HttpProtocolData`; also its usual key in the configuration. */
export const HTTP_PROTOCOL_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

const RAW_BUFFER = "envoy.transport_sockets.raw_buffer";
const DEFAULT_CONNECT_TIMEOUT_MS = 5000;
const DEFAULT_BUFFER_LIMIT_BYTES = 1_048_576;
const MAX_RESPONSE_HEADERS_BYTES = 80 * 1024;
/** Linux's own. */
const DEFAULT_KEEPALIVE: TcpKeepaliveData = { timeS: 7200, intervalS: 75, probes: 9 };

/** Compiles `envoy.config.cluster.v3.Cluster` to `ClusterData`. Main side. */
export const clusterCompiler: ResourceCompiler<typeof ClusterSchema> = {
  support: CLUSTER_SUPPORT,
  name: (message) => message.name,
  compile: compileCluster,
};

/** Compiles `envoy.config.endpoint.v3.ClusterLoadAssignment` as discovery brings it to `AssignmentData`. Main side. */
export const loadAssignmentCompiler: ResourceCompiler<typeof ClusterLoadAssignmentSchema> = {
  support: LOAD_ASSIGNMENT_SUPPORT,
  name: (message) => message.clusterName,
  compile: compileAssignment,
};

function compileAssignment(message: ClusterLoadAssignment, place: Place, context: CompileContext): AssignmentData {
  const { overprovisioningFactor = 140, weightedPriorityHealth = false, endpointStaleAfter } = message.policy ?? {};
  const dropOverload = compileDropOverload(message.policy, place, context);
  const isDefault = overprovisioningFactor === 140 && !weightedPriorityHealth && dropOverload === null;
  return {
    endpoints: compileEndpoints(message, place, context),
    policy: isDefault
      ? null
      : { overprovisioningFactorPercent: overprovisioningFactor, weightedPriorityHealth, dropOverload },
    staleAfterMs: durationMs(endpointStaleAfter, 0),
  };
}

function compileCluster(message: Cluster, place: Place, context: CompileContext): ClusterData {
  const protocol = compileProtocol(message, place, context);
  const bind = compileBind(message, place, context);
  const connectionSettings = compileConnectionSettings(message, protocol, bind, place, context);
  if (protocol.httpProtocol === "auto") refuseSocketsWithoutAlpn(connectionSettings, place, context);
  if (protocol.httpProtocol === "http1") refuseGrpcCheck(message, place, context);
  refuseBoundAlternatives(message, bind, place, context);
  const aggregate = compileAggregate(message, place, context);
  const originalDst = compileOriginalDst(message, place, context);
  refuseAggregation({ aggregate, originalDst, connectionSettings }, context);
  return {
    name: message.name,
    observabilityName: message.altStatName === "" ? message.name : message.altStatName,
    connectTimeoutMs: durationMs(message.connectTimeout, DEFAULT_CONNECT_TIMEOUT_MS),
    idleTimeoutMs: protocol.idleTimeoutMs,
    maxConnectionDurationMs: protocol.maxConnectionDurationMs,
    maxStreamDurationMs: protocol.maxStreamDurationMs,
    maxRequestsPerConnection: maxRequestsPerConnection(message, protocol, place, context),
    connectionSettings,
    metadata: compileMetadata(message.metadata),
    trackedStats: compileTrackedStats(message),
    circuitBreakers: compileCircuitBreakers(message.circuitBreakers, place.field("circuit_breakers"), context),
    preconnect: compilePreconnect(message.preconnectPolicy),
    hostConnectionLimits: compileHostConnectionLimits(message, place.field("circuit_breakers"), context),
    ...compileBalancing(message, place, context),
    priorityLoad: compilePriorityLoad(message),
    dropOverload: compileDropOverload(message.loadAssignment?.policy, place.field("load_assignment"), context),
    overrideHostStatuses: compileOverrideHostStatuses(message),
    originalDst,
    aggregate,
    healthChecked: message.healthChecks.length > 0,
    outlier: compileOutlierThresholds(message.outlierDetection),
    closeConnectionsOnHealthFailure: message.closeConnectionsOnHostHealthFailure,
    closeConnectionsOnHostSetChange: message.commonLbConfig?.closeConnectionsOnHostSetChange ?? false,
    ...compileDiscovery(message, connectionSettings, place, context),
  };
}

function compileConnectionSettings(
  message: Cluster,
  protocol: HttpProtocolData,
  bind: UpstreamBindData | null,
  place: Place,
  context: CompileContext,
): ConnectionSettingsData {
  return {
    perConnectionBufferLimitBytes: message.perConnectionBufferLimitBytes ?? DEFAULT_BUFFER_LIMIT_BYTES,
    tcpKeepalive: compileKeepalive(message, bind),
    sourceAddresses: bind?.sources ?? [],
    transportSocket: compileTransportSocket(message.transportSocket, place.field("transport_socket"), context),
    transportSocketMatches: compileMatches(message, place.field("transport_socket_matches"), context),
    maxResponseHeadersBytes: MAX_RESPONSE_HEADERS_BYTES,
    maxResponseHeadersCount: protocol.maxResponseHeadersCount,
    enableTrailers: protocol.enableTrailers,
    keyFormat: protocol.keyFormat,
    sendFullyQualifiedUrl: protocol.sendFullyQualifiedUrl,
    httpProtocol: protocol.httpProtocol,
    http2: protocol.http2,
    autoTls: protocol.autoTls,
    poolPerDownstreamConnection: message.connectionPoolPerDownstreamConnection,
  };
}

function refuseGrpcCheck(message: Cluster, place: Place, context: CompileContext): void {
  if (message.healthChecks[0]?.healthChecker.case !== "grpcHealthCheck") return;
  const at = place.field("health_checks").index(0).field("grpc_health_check");
  const text = "a cluster that is checked by gRPC speaks HTTP/2";
  context.error(at, text, `set http2_protocol_options in ${HTTP_PROTOCOL_OPTIONS}`);
}

/** The cluster's own, else that of all clusters. */
function compileBind(message: Cluster, place: Place, context: CompileContext): UpstreamBindData | null {
  const { upstreamBindConfig: own } = message;
  return own === undefined
    ? (context.facts.upstreamBind ?? null)
    : compileUpstreamBind(own, place.field("upstream_bind_config"), context);
}

/** Of endpoints that come later, by EDS, the first address is used. */
function refuseBoundAlternatives(
  { loadAssignment }: Cluster,
  bind: UpstreamBindData | null,
  place: Place,
  context: CompileContext,
): void {
  if (bind === null || bind.sources.length === 0) return;
  const endpoints = loadAssignment?.endpoints.flatMap(({ lbEndpoints }) => lbEndpoints) ?? [];
  const several = endpoints.some(
    ({ hostIdentifier: { case: kind, value } }) => kind === "endpoint" && value.additionalAddresses.length > 0,
  );
  if (!several) return;
  const message = "additional_addresses don't go with a source address: Node.js binds connections to one address only";
  context.error(place.field("load_assignment"), message);
}

function compileKeepalive(message: Cluster, bind: UpstreamBindData | null): TcpKeepaliveData | null {
  const own = message.upstreamConnectionOptions?.tcpKeepalive;
  if (own === undefined && (bind === null || bind.keepalive === null)) return null;
  const { timeS, intervalS, probes } = DEFAULT_KEEPALIVE;
  return {
    timeS: own?.keepaliveTime ?? bind?.keepalive?.timeS ?? timeS,
    intervalS: own?.keepaliveInterval ?? bind?.keepalive?.intervalS ?? intervalS,
    probes: own?.keepaliveProbes ?? bind?.keepalive?.probes ?? probes,
  };
}

/** The newer `HttpProtocolOptions` in place of the older fields, which must then be empty. */
function compileProtocol(message: Cluster, place: Place, context: CompileContext): HttpProtocolData {
  let options: HttpProtocolData | undefined;
  const extensions = place.field("typed_extension_protocol_options");
  for (const [name, typedConfig] of Object.entries(message.typedExtensionProtocolOptions)) {
    const compiled = context.extension("envoy.upstream_options", { name, typedConfig }, extensions.field(name));
    if (compiled?.extension === HTTP_PROTOCOL_OPTIONS) options = compiled.data as HttpProtocolData;
  }
  if (options === undefined) {
    const { commonHttpProtocolOptions: common, httpProtocolOptions: http1, http2ProtocolOptions: http2 } = message;
    const messages = { common, http1, http2, upstream: message.upstreamHttpProtocolOptions };
    return compileHttpProtocol(messages, oldProtocol(message), place.field("http_protocol_options"), context);
  }
  const old = [
    ["common_http_protocol_options", message.commonHttpProtocolOptions],
    ["http_protocol_options", message.httpProtocolOptions],
    ["http2_protocol_options", message.http2ProtocolOptions],
    ["upstream_http_protocol_options", message.upstreamHttpProtocolOptions],
  ] as const;
  for (const [field, value] of old) {
    if (value === undefined) continue;
    const text = "typed_extension_protocol_options says how this cluster speaks HTTP; these settings would be ignored";
    context.error(place.field(field), text, `move them into ${HTTP_PROTOCOL_OPTIONS}`);
  }
  return options;
}

/** As the older fields say it: HTTP/2 wherever there are options for it. */
function oldProtocol(message: Cluster): UpstreamHttpProtocol {
  if (message.protocolSelection === Cluster_ClusterProtocolSelection.USE_DOWNSTREAM_PROTOCOL) return "downstream";
  return message.http2ProtocolOptions === undefined ? "http1" : "http2";
}

function maxRequestsPerConnection(
  message: Cluster,
  protocol: HttpProtocolData,
  place: Place,
  context: CompileContext,
): number {
  if (message.maxRequestsPerConnection === undefined) return protocol.maxRequestsPerConnection;
  if (protocol.maxRequestsPerConnection !== 0) {
    const text = "max_requests_per_connection is set twice";
    context.error(place.field("max_requests_per_connection"), text, "keep the one in the HTTP protocol options");
  }
  return message.maxRequestsPerConnection;
}

function compileTransportSocket(
  message: TransportSocket | undefined,
  place: Place,
  context: CompileContext,
): CompiledExtension | null {
  if (message === undefined) return null;
  const { name, configType } = message;
  const typedConfig = configType.case === "typedConfig" ? configType.value : undefined;
  const compiled = context.extension("envoy.transport_sockets.upstream", { name, typedConfig }, place);
  return compiled === undefined || compiled.extension === RAW_BUFFER ? null : compiled;
}

function compileMatches(message: Cluster, place: Place, context: CompileContext): TransportSocketMatchData[] {
  const names = new Set<string>();
  return message.transportSocketMatches.map(({ name, match, transportSocket }, index) => {
    const at = place.index(index);
    if (names.has(name)) context.error(at.field("name"), `two matches are named ${JSON.stringify(name)}`);
    names.add(name);
    return {
      name,
      match: match ?? {},
      transportSocket: compileTransportSocket(transportSocket, at.field("transport_socket"), context),
    };
  });
}

function compileTrackedStats({ trackClusterStats, trackTimeoutBudgets }: Cluster): TrackedStatsData | null {
  const requestResponseSizes = trackClusterStats?.requestResponseSizes ?? false;
  const timeoutBudgets = trackTimeoutBudgets || (trackClusterStats?.timeoutBudgets ?? false);
  return requestResponseSizes || timeoutBudgets ? { requestResponseSizes, timeoutBudgets } : null;
}
