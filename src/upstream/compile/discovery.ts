import { existsSync } from "node:fs";
import { isIP } from "node:net";
import { resolve } from "node:path";
import type { CompileContext } from "../../config/compile-context.ts";
import { durationMs } from "../../config/duration-ms.ts";
import { type FieldSupport, noEffect, support, within, yes } from "../../config/field-support.ts";
import type { Place } from "../../config/place.ts";
import { formatIpPort } from "../../net/address.ts";
import {
  type Cluster,
  Cluster_DiscoveryType,
  Cluster_DnsLookupFamily,
} from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.js";
import { type Address, AddressSchema, SocketAddressSchema } from "../../proto/gen/envoy/config/core/v3/address_pb.js";
import type {
  ClusterData,
  DiscoveryData,
  DnsDiscoveryData,
  DnsLookupFamily,
  FileDiscoveryData,
  HostMonitorData,
} from "../cluster-data.ts";
import { compileDnsTargets, compileEndpoints } from "./endpoints.ts";
import { type CheckedConnections, compileHealthChecks } from "./health-checks.ts";
import { compileOutlierDetection } from "./outlier-detection.ts";

const DEFAULT_REFRESH_RATE_MS = 5000;
const DNS_PORT = 53;
const EDS_EXAMPLE = "eds_config: { path_config_source: { path: endpoints.yaml } }";

const FAMILIES: Readonly<Record<Cluster_DnsLookupFamily, DnsLookupFamily>> = {
  [Cluster_DnsLookupFamily.AUTO]: "auto",
  [Cluster_DnsLookupFamily.V4_ONLY]: "v4Only",
  [Cluster_DnsLookupFamily.V6_ONLY]: "v6Only",
  [Cluster_DnsLookupFamily.V4_PREFERRED]: "v4Preferred",
  [Cluster_DnsLookupFamily.ALL]: "all",
};

/** Name of the extension whose data is a `DnsResolverData`. */
export const CARES_RESOLVER = "envoy.network.dns_resolver.cares";

/** The addresses of name servers in any of the messages that have some. */
export const NAME_SERVERS: FieldSupport = within(
  support(AddressSchema, { socket_address: yes }),
  support(SocketAddressSchema, {
    protocol: noEffect("Node.js asks by UDP, and by TCP only for answers that are too long"),
    address: yes,
    port_value: yes,
  }),
);

/** How names are looked up: Envoy's `CaresDnsResolverConfig` and the fields before it. */
export type DnsResolverData = Pick<DnsDiscoveryData, "resolvers" | "searchesDomains">;

/**
 * The hosts of a cluster if they are in its configuration; else it adds a `discovery` resource. `place` is the cluster's, and so are
 * `connections`, for checks of its hosts.
 */
export function compileDiscovery(
  message: Cluster,
  connections: CheckedConnections,
  place: Place,
  context: CompileContext,
): Pick<ClusterData, "discovery" | "endpoints"> {
  const logical = isOfType(message, Cluster_DiscoveryType.LOGICAL_DNS);
  const monitor = compileHostMonitor(message, connections, place, context);
  if (logical || isOfType(message, Cluster_DiscoveryType.STRICT_DNS)) {
    const discovery: DiscoveryData = { ...compileDns(message, logical, place, context), ...monitor };
    context.addResource("discovery", "hosts", discovery);
    return { discovery: "dynamic", endpoints: [] };
  }
  if (isOfType(message, Cluster_DiscoveryType.EDS)) {
    const discovery = compileEds(message, place, context);
    if (discovery !== undefined)
      context.addResource("discovery", "hosts", { ...discovery, ...monitor } satisfies DiscoveryData);
    return { discovery: "dynamic", endpoints: [] };
  }
  // Any other type is refused by its name; its endpoints may rightly be something else than addresses.
  const readsEndpoints = context.allowsUnsupported || isOfType(message, Cluster_DiscoveryType.STATIC);
  const at = place.field("load_assignment");
  const endpoints = readsEndpoints ? compileEndpoints(message.loadAssignment, at, context) : [];
  const isWatched = monitor.healthCheck !== null || monitor.outlierDetection !== null || monitor.countsHostConnections;
  if (!isWatched || !isOfType(message, Cluster_DiscoveryType.STATIC)) return { discovery: "static", endpoints };
  const discovery: DiscoveryData = {
    type: "static",
    cluster: message.name,
    observabilityName: message.altStatName === "" ? message.name : message.altStatName,
    endpoints,
    waitsForWarm: true,
    initializePhase: "primary",
    ...monitor,
  };
  context.addResource("discovery", "hosts", discovery);
  return { discovery: "dynamic", endpoints };
}

function compileHostMonitor(
  message: Cluster,
  connections: CheckedConnections,
  place: Place,
  context: CompileContext,
): HostMonitorData {
  const healthCheck = compileHealthChecks(message.healthChecks, connections, place.field("health_checks"), context);
  const ignoresNewHosts = message.commonLbConfig?.ignoreNewHostsUntilFirstHc ?? false;
  return {
    healthCheck: healthCheck === null ? null : { ...healthCheck, ignoresNewHosts },
    outlierDetection: compileOutlierDetection(message.outlierDetection, place.field("outlier_detection"), context),
    countsHostConnections: (message.circuitBreakers?.perHostThresholds.length ?? 0) > 0,
  };
}

/** Undefined if it can't be had. */
function compileEds(message: Cluster, place: Place, context: CompileContext): FileDiscoveryData | undefined {
  const config = message.edsClusterConfig;
  const at = place.field("eds_cluster_config");
  const source = config?.edsConfig?.configSourceSpecifier;
  const fromFile = source?.case === "pathConfigSource" ? source.value : undefined;
  const given = fromFile?.path ?? (source?.case === "path" ? source.value : undefined);
  if (given === undefined) {
    // Other sources are refused by their names.
    if (source?.case === undefined) context.error(at, "an EDS cluster needs an eds_config", EDS_EXAMPLE);
    return undefined;
  }
  const path = resolve(context.facts.directory, given);
  const pathPlace = at.field("eds_config").field(fromFile === undefined ? "path" : "path_config_source");
  if (!existsSync(path)) context.error(pathPlace, `there is no file ${path}`, "it has to be there from the start");
  const watched = fromFile?.watchedDirectory?.path;
  return {
    type: "file",
    cluster: message.name,
    observabilityName: message.altStatName === "" ? message.name : message.altStatName,
    waitsForWarm: true,
    initializePhase: "primary",
    path,
    watchedFolder: watched === undefined ? null : resolve(context.facts.directory, watched),
    serviceName: config?.serviceName === "" || config === undefined ? message.name : config.serviceName,
  };
}

function isOfType(message: Cluster, wanted: Cluster_DiscoveryType): boolean {
  const type = message.clusterDiscoveryType;
  return type.case === "type"
    ? type.value === wanted
    : type.case === undefined && wanted === Cluster_DiscoveryType.STATIC;
}

function compileDns(message: Cluster, logical: boolean, place: Place, context: CompileContext): DnsDiscoveryData {
  const targets = compileDnsTargets(message.loadAssignment, place.field("load_assignment"), context);
  if (logical && (message.loadAssignment?.endpoints ?? []).flatMap(({ lbEndpoints }) => lbEndpoints).length !== 1) {
    const text = "a LOGICAL_DNS cluster has exactly one endpoint";
    context.error(place.field("load_assignment"), text, "several belong into a STRICT_DNS cluster");
  }
  const refreshRateMs = durationMs(message.dnsRefreshRate, DEFAULT_REFRESH_RATE_MS);
  if (refreshRateMs < 1) context.error(place.field("dns_refresh_rate"), "must be at least 1 ms");
  return {
    type: "dns",
    cluster: message.name,
    observabilityName: message.altStatName === "" ? message.name : message.altStatName,
    logical,
    targets,
    refreshRateMs,
    failureBackOff: compileFailureBackOff(message, place, context),
    respectTtl: message.respectDnsTtl,
    lookupFamily: FAMILIES[message.dnsLookupFamily],
    waitsForWarm: message.waitForWarmOnInit ?? true,
    initializePhase: "primary",
    ...compileResolver(message, place, context),
  };
}

function compileFailureBackOff(
  message: Cluster,
  place: Place,
  context: CompileContext,
): DnsDiscoveryData["failureBackOff"] {
  const rate = message.dnsFailureRefreshRate;
  if (rate === undefined) return null;
  const baseMs = durationMs(rate.baseInterval, DEFAULT_REFRESH_RATE_MS);
  const maxMs = durationMs(rate.maxInterval, baseMs * 10);
  if (maxMs < baseMs) {
    context.error(place.field("dns_failure_refresh_rate").field("max_interval"), "must not be less than base_interval");
  }
  return { baseMs, maxMs };
}

/** The newest of three ways to say it counts, as in Envoy; without any, what the bootstrap says. */
function compileResolver(message: Cluster, place: Place, context: CompileContext): DnsResolverData {
  const typed = message.typedDnsResolverConfig;
  const config = message.dnsResolutionConfig;
  if (typed !== undefined) {
    const named = { name: typed.name, typedConfig: typed.typedConfig };
    const compiled = context.extension("envoy.network.dns_resolver", named, place.field("typed_dns_resolver_config"));
    if (compiled?.extension === CARES_RESOLVER) return compiled.data as DnsResolverData;
  } else if (config === undefined && message.dnsResolvers.length === 0) {
    const { dnsResolver } = context.facts;
    if (dnsResolver?.extension === CARES_RESOLVER) return dnsResolver.data as DnsResolverData;
  }
  const resolvers = config?.resolvers ?? message.dnsResolvers;
  const at =
    config === undefined ? place.field("dns_resolvers") : place.field("dns_resolution_config").field("resolvers");
  return {
    resolvers: compileResolverAddresses(resolvers, at, context),
    searchesDomains: config?.dnsResolverOptions?.noDefaultSearchDomain !== true,
  };
}

/** Addresses of name servers as `ip:port`; those in error are left out. */
export function compileResolverAddresses(
  addresses: readonly Address[],
  place: Place,
  context: CompileContext,
): string[] {
  const servers: string[] = [];
  for (const [i, { address }] of addresses.entries()) {
    const at = place.index(i);
    if (address.case !== "socketAddress" || isIP(address.value.address) === 0) {
      context.error(at, "a name server needs an IP address", "socket_address: { address: 10.0.0.53, port_value: 53 }");
      continue;
    }
    const port = address.value.portSpecifier.case === "portValue" ? address.value.portSpecifier.value : DNS_PORT;
    servers.push(formatIpPort(address.value.address, port));
  }
  return servers;
}
