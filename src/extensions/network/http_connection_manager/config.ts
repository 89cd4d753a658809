import { compileAccessLogs } from "../../../access-log/config.ts";
import type { CompileContext } from "../../../config/compile-context.ts";
import { durationMs } from "../../../config/duration-ms.ts";
import { extensionConfig } from "../../../config/extension-config.ts";
import type { Place } from "../../../config/place.ts";
import type { HeadersWithUnderscoresAction } from "../../../http/http1/codec-options.ts";
import { compileKeyFormat } from "../../../http/http1/config.ts";
import { compileHttp2Protocol } from "../../../http/http2/config.ts";
import { type CidrData, cidrProblem } from "../../../match/ip-prefix-table.ts";
import { HttpProtocolOptions_HeadersWithUnderscoresAction as Underscores } from "../../../proto/gen/envoy/config/core/v3/protocol_pb.js";
import {
  HttpConnectionManager_CodecType as CodecType,
  HttpConnectionManager_PathWithEscapedSlashesAction as EscapedSlashes,
  type HttpConnectionManager,
  HttpConnectionManager_ForwardClientCertDetails,
  type HttpConnectionManager_UpgradeConfig,
  HttpConnectionManagerSchema,
  type HttpFilter,
  HttpConnectionManager_ServerHeaderTransformation as ServerHeader,
} from "../../../proto/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.js";
import { compileRouteConfiguration } from "../../../route/config.ts";
import type { HeaderMutationsData } from "../../../route/header-mutations.ts";
import type { IpDetectionData } from "../../original_ip_detection/ip-detection-data.ts";
import { DEFAULT_REQUEST_ID, type RequestIdData } from "../../request_id/request-id-data.ts";
import type { ClientCertificateHeaderData } from "./client-certificate-header.ts";
import type { AccessLogOptionsData, HcmData, HttpFilterData, UpgradeData } from "./hcm-data.ts";
import { compileLocalReplies } from "./local-reply-config.ts";
import { HCM_SUPPORT } from "./support.ts";
import { compileTracing } from "./tracing-config.ts";

const HOUR_MS = 3_600_000;

/** `envoy.filters.network.http_connection_manager`, main side. */
export const httpConnectionManagerConfig = extensionConfig({
  name: "envoy.filters.network.http_connection_manager",
  categories: ["envoy.filters.network"],
  schema: HttpConnectionManagerSchema,
  support: HCM_SUPPORT,
  terminal: true,
  configRequired: true,
  compile: compileHcm,
});

function compileHcm(message: HttpConnectionManager, place: Place, context: CompileContext): HcmData {
  return {
    statPrefix: message.statPrefix,
    routeTable: compileRoutes(message, place, context),
    httpFilters: compileFilters(message.httpFilters, place.field("http_filters"), context),
    upgrades: compileUpgrades(message.upgradeConfigs, place.field("upgrade_configs"), context),
    accessLogs: compileAccessLogs(message.accessLog, place.field("access_log"), context),
    accessLogOptions: compileAccessLogOptions(message),
    localReplies: compileLocalReplies(message.localReplyConfig, place.field("local_reply_config"), context),
    tracing: compileTracing(message.tracing, place.field("tracing"), context, requestIdData(message, place, context)),
    ...compileIdentity(message, context),
    ...compileTrust(message, place, context),
    ...compilePaths(message),
    ...compileConnection(message, place, context),
  };
}

/** `access_log_options`, or the fields before it, which may not stand beside it. */
function compileAccessLogOptions(message: HttpConnectionManager): AccessLogOptionsData {
  const { accessLogOptions: options } = message;
  return {
    flushIntervalMs: durationMs(options?.accessLogFlushInterval ?? message.accessLogFlushInterval, 0),
    onNewRequest: options?.flushAccessLogOnNewRequest ?? message.flushAccessLogOnNewRequest,
    onTunnelEstablished: options?.flushLogOnTunnelSuccessfullyEstablished ?? false,
  };
}

function compileRoutes(message: HttpConnectionManager, place: Place, context: CompileContext): string {
  if (message.routeSpecifier.case !== "routeConfig") return "";
  const routes = message.routeSpecifier.value;
  const data = compileRouteConfiguration(routes, place.field("route_config"), context);
  return context.addResource("routeTable", routes.name === "" ? message.statPrefix : routes.name, data);
}

function compileUpgrades(
  configs: readonly HttpConnectionManager_UpgradeConfig[],
  place: Place,
  context: CompileContext,
): UpgradeData[] {
  const types = new Set<string>();
  return configs.map(({ upgradeType, enabled, filters }, i) => {
    const at = place.index(i);
    const type = upgradeType.toLowerCase();
    if (types.has(type)) context.error(at.field("upgrade_type"), `"${upgradeType}" stands here twice`);
    types.add(type);
    return {
      type,
      enabled: enabled ?? true,
      httpFilters: filters.length === 0 ? null : compileFilters(filters, at.field("filters"), context),
    };
  });
}

function compileFilters(filters: readonly HttpFilter[], place: Place, context: CompileContext): HttpFilterData[] {
  const compiled: HttpFilterData[] = [];
  const names = new Set<string>();
  for (const [i, filter] of filters.entries()) {
    const typedConfig = filter.configType.case === "typedConfig" ? filter.configType.value : undefined;
    const data = context.extension("envoy.filters.http", { name: filter.name, typedConfig }, place.index(i));
    if (names.has(filter.name)) {
      context.error(
        place.index(i).field("name"),
        `two filters are called "${filter.name}"`,
        "routes refer to filters by name",
      );
    }
    names.add(filter.name);
    if (data === undefined) continue;
    compiled.push({ filter: data, disabled: filter.disabled });
    const last = i === filters.length - 1;
    if (data.terminal !== last) {
      const problem = last ? "the last filter must be a terminal one" : "a terminal filter must be the last";
      context.error(place.index(i), problem, "end http_filters with envoy.filters.http.router");
    }
  }
  if (filters.length === 0) {
    context.error(place, "there is no filter", "end http_filters with envoy.filters.http.router");
  }
  return compiled;
}

function requestIdData(message: HttpConnectionManager, place: Place, context: CompileContext): RequestIdData {
  const typedConfig = message.requestIdExtension?.typedConfig;
  if (typedConfig === undefined) return DEFAULT_REQUEST_ID;
  const at = place.field("request_id_extension");
  const extension = context.extension("envoy.request_id", { name: "", typedConfig }, at);
  return extension === undefined ? DEFAULT_REQUEST_ID : (extension.data as RequestIdData);
}

/** What the proxy says of itself. */
function compileIdentity(message: HttpConnectionManager, { facts }: CompileContext) {
  return {
    serverName: message.serverName === "" ? "envoy" : message.serverName,
    serverHeaderTransformation: serverHeader(message.serverHeaderTransformation),
    via: message.via,
    userAgent: message.addUserAgent === true ? { cluster: facts.nodeCluster, node: facts.nodeId } : null,
    scheme: (message.schemeHeaderTransformation?.transformation.value as HcmData["scheme"] | undefined) ?? "",
    generateRequestId: message.generateRequestId ?? true,
    preserveExternalRequestId: message.preserveExternalRequestId,
    alwaysSetRequestIdInResponse: message.alwaysSetRequestIdInResponse,
  };
}

/** Whom the proxy believes. */
function compileTrust(message: HttpConnectionManager, place: Place, context: CompileContext) {
  const internal = message.internalAddressConfig;
  const ranges: CidrData[] = [];
  for (const [i, range] of (internal?.cidrRanges ?? []).entries()) {
    const cidr = { address: range.addressPrefix, prefixLength: range.prefixLen ?? 0 };
    const problem = cidrProblem(cidr);
    if (problem === null) ranges.push(cidr);
    else context.error(place.field("internal_address_config").field("cidr_ranges").index(i), problem);
  }
  return {
    useRemoteAddress: message.useRemoteAddress ?? false,
    skipXffAppend: message.skipXffAppend,
    clientCertificateHeader: clientCertificateHeader(message),
    xffNumTrustedHops: message.xffNumTrustedHops,
    ipDetection: compileIpDetection(message, place, context),
    earlyMutations: compileEarlyMutations(message, place, context),
    hidesAddresses: message.addProxyProtocolConnectionState === false,
    internalCidrRanges: ranges,
    internalUnixSockets: internal?.unixSockets ?? false,
    appendXForwardedPort: message.appendXForwardedPort,
  };
}

/** `x-forwarded-for` with the trusted hops, unless extensions say otherwise; they stand in place of both settings. */
function compileIpDetection(message: HttpConnectionManager, place: Place, context: CompileContext): IpDetectionData[] {
  const { originalIpDetectionExtensions: extensions, useRemoteAddress, xffNumTrustedHops } = message;
  if (extensions.length === 0) return [{ type: "xff", trustedHops: xffNumTrustedHops }];
  const at = place.field("original_ip_detection_extensions");
  if (useRemoteAddress === true) context.error(at, "may not stand beside use_remote_address");
  if (xffNumTrustedHops > 0) {
    context.error(at, "may not stand beside xff_num_trusted_hops", "set it in envoy.http.original_ip_detection.xff");
  }
  return extensions.flatMap((extension, i) => {
    const compiled = context.extension("envoy.http.original_ip_detection", extension, at.index(i));
    return compiled === undefined ? [] : [compiled.data as IpDetectionData];
  });
}

function compileEarlyMutations(
  { earlyHeaderMutationExtensions }: HttpConnectionManager,
  place: Place,
  context: CompileContext,
): HeaderMutationsData[] {
  const at = place.field("early_header_mutation_extensions");
  return earlyHeaderMutationExtensions.flatMap((extension, i) => {
    const compiled = context.extension("envoy.http.early_header_mutation", extension, at.index(i));
    return compiled === undefined ? [] : (compiled.data as HeaderMutationsData[]);
  });
}

function compilePaths(message: HttpConnectionManager) {
  return {
    normalizePath: message.normalizePath ?? false,
    mergeSlashes: message.mergeSlashes,
    escapedSlashes: escapedSlashes(message.pathWithEscapedSlashesAction),
    stripPort: stripPort(message),
    stripTrailingHostDot: message.stripTrailingHostDot,
  };
}

function compileConnection(message: HttpConnectionManager, place: Place, context: CompileContext) {
  const common = message.commonHttpProtocolOptions;
  const http1 = message.httpProtocolOptions;
  return {
    proxy100Continue: message.proxy100Continue,
    codec: codecType(message.codecType),
    http2: compileHttp2Protocol(message.http2ProtocolOptions),
    drainTimeoutMs: durationMs(message.drainTimeout, 5000),
    idleTimeoutMs: durationMs(common?.idleTimeout, HOUR_MS),
    maxConnectionDurationMs: durationMs(common?.maxConnectionDuration, 0),
    maxStreamDurationMs: durationMs(common?.maxStreamDuration, 0),
    maxRequestsPerConnection: common?.maxRequestsPerConnection ?? 0,
    maxHeadersCount: common?.maxHeadersCount ?? 100,
    maxRequestHeadersKb: message.maxRequestHeadersKb ?? 60,
    headersWithUnderscoresAction: underscores(common?.headersWithUnderscoresAction),
    streamIdleTimeoutMs: durationMs(message.streamIdleTimeout, 300_000),
    requestTimeoutMs: durationMs(message.requestTimeout, 0),
    requestHeadersTimeoutMs: durationMs(message.requestHeadersTimeout, 0),
    delayedCloseTimeoutMs: durationMs(message.delayedCloseTimeout, 1000),
    acceptHttp10: http1?.acceptHttp10 ?? false,
    defaultHostForHttp10: http1?.defaultHostForHttp10 ?? "",
    enableTrailers: http1?.enableTrailers ?? false,
    allowCustomMethods: http1?.allowCustomMethods ?? false,
    keyFormat: compileKeyFormat(http1, place.field("http_protocol_options"), context),
    allowAbsoluteUrl: http1?.allowAbsoluteUrl ?? true,
  };
}

function codecType(value: CodecType): HcmData["codec"] {
  switch (value) {
    case CodecType.HTTP1:
      return "http1";
    case CodecType.HTTP2:
      return "http2";
    default:
      return "auto";
  }
}

function serverHeader(value: ServerHeader): HcmData["serverHeaderTransformation"] {
  switch (value) {
    case ServerHeader.APPEND_IF_ABSENT:
      return "appendIfAbsent";
    case ServerHeader.PASS_THROUGH:
      return "passThrough";
    default:
      return "overwrite";
  }
}

function escapedSlashes(value: EscapedSlashes): HcmData["escapedSlashes"] {
  switch (value) {
    case EscapedSlashes.REJECT_REQUEST:
      return "reject";
    case EscapedSlashes.UNESCAPE_AND_REDIRECT:
      return "unescapeAndRedirect";
    case EscapedSlashes.UNESCAPE_AND_FORWARD:
      return "unescapeAndForward";
    default:
      return "keep";
  }
}

function stripPort(message: HttpConnectionManager): HcmData["stripPort"] {
  if (message.stripPortMode.case === "stripAnyHostPort" && message.stripPortMode.value) return "any";
  return message.stripMatchingHostPort ? "matching" : "none";
}

function underscores(value: Underscores | undefined): HeadersWithUnderscoresAction {
  switch (value) {
    case Underscores.REJECT_REQUEST:
      return "rejectRequest";
    case Underscores.DROP_HEADER:
      return "dropHeader";
    default:
      return "allow";
  }
}

const CLIENT_CERTIFICATE_MODES = {
  [HttpConnectionManager_ForwardClientCertDetails.SANITIZE]: "sanitize",
  [HttpConnectionManager_ForwardClientCertDetails.FORWARD_ONLY]: "forwardOnly",
  [HttpConnectionManager_ForwardClientCertDetails.APPEND_FORWARD]: "appendForward",
  [HttpConnectionManager_ForwardClientCertDetails.SANITIZE_SET]: "sanitizeSet",
  [HttpConnectionManager_ForwardClientCertDetails.ALWAYS_FORWARD_ONLY]: "alwaysForwardOnly",
} as const;

function clientCertificateHeader(message: HttpConnectionManager): ClientCertificateHeaderData {
  const set = message.setCurrentClientCertDetails;
  const details: ClientCertificateHeaderData["details"][number][] = [];
  if (set?.cert) details.push("cert");
  if (set?.chain) details.push("chain");
  if (set?.subject) details.push("subject");
  if (set?.uri) details.push("uri");
  if (set?.dns) details.push("dns");
  return { mode: CLIENT_CERTIFICATE_MODES[message.forwardClientCertDetails] ?? "sanitize", details };
}
