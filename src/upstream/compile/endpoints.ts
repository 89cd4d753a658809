import { isIP } from "node:net";
import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import type { Locality } from "../../lb/lb-host.ts";
import type { Address } from "../../net/address.ts";
import type { Address as AddressMessage, SocketAddress } from "../../proto/gen/envoy/config/core/v3/address_pb.js";
import type { Metadata } from "../../proto/gen/envoy/config/core/v3/base_pb.js";
import { HealthStatus } from "../../proto/gen/envoy/config/core/v3/health_check_pb.js";
import type {
  Endpoint,
  Endpoint_HealthCheckConfig,
  LbEndpoint,
} from "../../proto/gen/envoy/config/endpoint/v3/endpoint_components_pb.js";
import type { ClusterLoadAssignment } from "../../proto/gen/envoy/config/endpoint/v3/endpoint_pb.js";
import type { DnsTargetData, EndpointData, EndpointHealthCheckData, MetadataData } from "../cluster-data.ts";
import type { EndpointHealthStatus } from "../host.ts";

/** Linux keeps the path of a Unix-domain socket in 108 bytes, the last of them a zero. */
const MAX_PIPE_PATH_BYTES = 107;

/** Envoy's health status of an endpoint in the words used here. */
export const ENDPOINT_HEALTH: Readonly<Record<HealthStatus, EndpointHealthStatus>> = {
  [HealthStatus.UNKNOWN]: "unknown",
  [HealthStatus.HEALTHY]: "healthy",
  [HealthStatus.UNHEALTHY]: "unhealthy",
  [HealthStatus.DRAINING]: "draining",
  [HealthStatus.TIMEOUT]: "timeout",
  [HealthStatus.DEGRADED]: "degraded",
};

/** Compiles the endpoints of a cluster that has IP addresses; those in error are left out. */
export function compileEndpoints(
  message: ClusterLoadAssignment | undefined,
  place: Place,
  context: CompileContext,
): EndpointData[] {
  return visitEndpoints(message, place, context, (endpoint, at, settings) => {
    const address = compileAddress(endpoint.address, at.field("address"), context);
    if (address === undefined || endpoint.additionalAddresses.length === 0) return address && { ...settings, address };
    const additionalIps = compileAdditional(endpoint, address, at.field("additional_addresses"), context);
    return { ...settings, address, additionalIps };
  });
}

/** Compiles the endpoints of a cluster whose names are looked up by DNS; those in error are left out. IP addresses are names of themselves. */
export function compileDnsTargets(
  message: ClusterLoadAssignment | undefined,
  place: Place,
  context: CompileContext,
): DnsTargetData[] {
  return visitEndpoints(message, place, context, (endpoint, endpointPlace, settings) => {
    const at = endpointPlace.field("address");
    if (endpoint.additionalAddresses.length > 0) {
      const place = endpointPlace.field("additional_addresses");
      context.error(place, "a cluster that looks names up has the addresses that it finds", "leave it out");
    }
    const address = endpoint.address?.address;
    if (address?.case !== "socketAddress") {
      context.error(at, "a cluster that looks names up needs a socket_address", EXAMPLE);
      return undefined;
    }
    const name = address.value.address;
    const port = compilePort(address.value, at.field("socket_address"), context);
    if (port === undefined) return undefined;
    const hostname = settings.hostname === "" && isIP(name) === 0 ? name : settings.hostname;
    return { name, port, endpoint: { ...settings, hostname } };
  });
}

/** IPs of hosts that have several. Differs from Envoy: all have the port of the first one. */
function compileAdditional(
  { additionalAddresses }: Endpoint,
  first: Address,
  place: Place,
  context: CompileContext,
): string[] {
  if (first.type !== "ip") {
    context.error(place, "only an endpoint with an IP address can have additional ones");
    return [];
  }
  return additionalAddresses.flatMap(({ address: message }, index) => {
    const at = place.index(index).field("address");
    const address = compileAddress(message, at, context);
    if (address === undefined) return [];
    if (address.type === "ip" && address.port === first.port) return [address.ip];
    context.error(at, "an additional address must be an IP address with the port of the first one");
    return [];
  });
}

type EndpointSettings = Omit<EndpointData, "address">;

function visitEndpoints<T>(
  message: ClusterLoadAssignment | undefined,
  place: Place,
  context: CompileContext,
  compile: (endpoint: Endpoint, endpointPlace: Place, settings: EndpointSettings) => T | undefined,
): T[] {
  const compiled: T[] = [];
  for (const [at, group] of (message?.endpoints ?? []).entries()) {
    const { region = "", zone = "", subZone = "" } = group.locality ?? {};
    const locality = { region, zone, subZone, weight: group.loadBalancingWeight ?? 0 };
    const groupPlace = place.field("endpoints").index(at).field("lb_endpoints");
    for (const [index, each] of group.lbEndpoints.entries()) {
      const eachPlace = groupPlace.index(index);
      if (each.hostIdentifier.case !== "endpoint") {
        if (each.hostIdentifier.case === undefined) context.error(eachPlace, "an endpoint is required", EXAMPLE);
        continue;
      }
      const endpoint = each.hostIdentifier.value;
      const healthCheck = compileHealthCheckConfig(endpoint.healthCheckConfig, eachPlace.field("endpoint"), context);
      const settings = endpointSettings(each, endpoint.hostname, locality, group.priority, healthCheck);
      const result = compile(endpoint, eachPlace.field("endpoint"), settings);
      if (result !== undefined) compiled.push(result);
    }
  }
  return compiled;
}

function endpointSettings(
  message: LbEndpoint,
  hostname: string,
  { weight: localityWeight, ...locality }: Locality & { readonly weight: number },
  priority: number,
  healthCheck: EndpointHealthCheckData | null,
): EndpointSettings {
  return {
    hostname,
    weight: message.loadBalancingWeight ?? 1,
    priority,
    locality,
    localityWeight,
    healthStatus: ENDPOINT_HEALTH[message.healthStatus] ?? "unknown",
    healthCheck,
    metadata: compileMetadata(message.metadata),
  };
}

/** Metadata as plain data. */
export function compileMetadata(message: Metadata | undefined): MetadataData {
  return message === undefined ? [] : Object.entries(message.filterMetadata);
}

/** Null if nothing is said. */
function compileHealthCheckConfig(
  message: Endpoint_HealthCheckConfig | undefined,
  endpointPlace: Place,
  context: CompileContext,
): EndpointHealthCheckData | null {
  if (message === undefined) return null;
  const { address, portValue: port, hostname, disableActiveHealthCheck: disabled } = message;
  const place = endpointPlace.field("health_check_config").field("address");
  const own = address === undefined ? undefined : compileAddress(address, place, context);
  return { address: own ?? null, port, hostname, disabled };
}

const IP_HINT = "use an IP address, or type STRICT_DNS or LOGICAL_DNS to look names up";
const EXAMPLE = "endpoint: { address: { socket_address: { address: 10.0.0.1, port_value: 80 } } }";

function compileAddress(
  message: AddressMessage | undefined,
  place: Place,
  context: CompileContext,
): Address | undefined {
  const { address } = message ?? {};
  if (address?.case === "socketAddress") {
    return compileSocketAddress(address.value, place.field("socket_address"), context);
  }
  if (address?.case === "pipe") {
    const { path, mode } = address.value;
    if (Buffer.byteLength(path) <= MAX_PIPE_PATH_BYTES) return { type: "pipe", path, mode };
    const hint = `at most ${MAX_PIPE_PATH_BYTES} bytes`;
    context.error(place.field("pipe").field("path"), "the path is too long for a Unix-domain socket", hint);
  } else if (address?.case === undefined) {
    context.error(place, "an endpoint needs an address", EXAMPLE);
  }
  return undefined;
}

function compileSocketAddress(message: SocketAddress, place: Place, context: CompileContext): Address | undefined {
  const { address: ip } = message;
  const valid = isIP(ip) !== 0;
  if (!valid) context.error(place.field("address"), `${JSON.stringify(ip)} is not an IP address`, IP_HINT);
  const port = compilePort(message, place, context);
  return valid && port !== undefined ? { type: "ip", ip, port } : undefined;
}

/** The port; undefined after an error, or if none is given, which the proto's own rules report. */
function compilePort({ portSpecifier }: SocketAddress, place: Place, context: CompileContext): number | undefined {
  if (portSpecifier.case !== "portValue") return undefined;
  if (portSpecifier.value !== 0) return portSpecifier.value;
  context.error(place.field("port_value"), "an endpoint can't have port 0", "1 to 65535");
  return undefined;
}
