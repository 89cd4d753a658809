import { isIP } from "node:net";
import type { CompileContext } from "../../config/compile-context.ts";
import type { Place } from "../../config/place.ts";
import type { Locality } from "../../lb/lb-host.ts";
import type { Address } from "../../net/address.ts";
import type { Address as AddressMessage, SocketAddress } from "../../proto/gen/envoy/config/core/v3/address_pb.js";
import type { Metadata } from "../../proto/gen/envoy/config/core/v3/base_pb.js";
import { HealthStatus } from "../../proto/gen/envoy/config/core/v3/health_check_pb.js";
import type { LbEndpoint } from "../../proto/gen/envoy/config/endpoint/v3/endpoint_components_pb.js";
import type { ClusterLoadAssignment } from "../../proto/gen/envoy/config/endpoint/v3/endpoint_pb.js";
import type { EndpointData, MetadataData } from "../cluster-data.ts";
import type { EndpointHealthStatus } from "../host.ts";

/** Linux keeps the path of a Unix-domain socket in 108 bytes, the last of them a zero. */
const MAX_PIPE_PATH_BYTES = 107;

const HEALTH: Readonly<Record<HealthStatus, EndpointHealthStatus>> = {
  [HealthStatus.UNKNOWN]: "unknown",
  [HealthStatus.HEALTHY]: "healthy",
  [HealthStatus.UNHEALTHY]: "unhealthy",
  [HealthStatus.DRAINING]: "draining",
  [HealthStatus.TIMEOUT]: "timeout",
  [HealthStatus.DEGRADED]: "degraded",
};

/**
 * Compiles the endpoints of a STATIC cluster; those in error are left out. `namesAreWrong` is false if the cluster is refused
 * anyway because of its type, for which names are right.
 */
export function compileEndpoints(
  message: ClusterLoadAssignment | undefined,
  place: Place,
  namesAreWrong: boolean,
  context: CompileContext,
): EndpointData[] {
  const endpoints: EndpointData[] = [];
  for (const [at, group] of (message?.endpoints ?? []).entries()) {
    const { region = "", zone = "", subZone = "" } = group.locality ?? {};
    const locality = { region, zone, subZone, weight: group.loadBalancingWeight ?? 0 };
    const groupPlace = place.field("endpoints").index(at).field("lb_endpoints");
    for (const [index, endpoint] of group.lbEndpoints.entries()) {
      const compiled = compileEndpoint(
        endpoint,
        locality,
        group.priority,
        groupPlace.index(index),
        namesAreWrong,
        context,
      );
      if (compiled !== undefined) endpoints.push(compiled);
    }
  }
  return endpoints;
}

/** Metadata as plain data. */
export function compileMetadata(message: Metadata | undefined): MetadataData {
  return message === undefined ? [] : Object.entries(message.filterMetadata);
}

function compileEndpoint(
  message: LbEndpoint,
  { weight: localityWeight, ...locality }: Locality & { readonly weight: number },
  priority: number,
  place: Place,
  namesAreWrong: boolean,
  context: CompileContext,
): EndpointData | undefined {
  if (message.hostIdentifier.case !== "endpoint") {
    if (message.hostIdentifier.case === undefined) context.error(place, "an endpoint is required", EXAMPLE);
    return undefined;
  }
  const endpoint = message.hostIdentifier.value;
  const address = compileAddress(endpoint.address, place.field("endpoint").field("address"), namesAreWrong, context);
  if (address === undefined) return undefined;
  return {
    address,
    hostname: endpoint.hostname,
    weight: message.loadBalancingWeight ?? 1,
    priority,
    locality,
    localityWeight,
    healthStatus: HEALTH[message.healthStatus] ?? "unknown",
    metadata: compileMetadata(message.metadata),
  };
}

const IP_HINT = "a STATIC cluster needs IP addresses; clusters that look names up are not supported yet";
const EXAMPLE = "endpoint: { address: { socket_address: { address: 10.0.0.1, port_value: 80 } } }";

function compileAddress(
  message: AddressMessage | undefined,
  place: Place,
  namesAreWrong: boolean,
  context: CompileContext,
): Address | undefined {
  const { address } = message ?? {};
  if (address?.case === "socketAddress") {
    return compileSocketAddress(address.value, place.field("socket_address"), namesAreWrong, context);
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

function compileSocketAddress(
  message: SocketAddress,
  place: Place,
  namesAreWrong: boolean,
  context: CompileContext,
): Address | undefined {
  const { address: ip, portSpecifier } = message;
  let valid = true;
  if (isIP(ip) === 0) {
    if (namesAreWrong) context.error(place.field("address"), `${JSON.stringify(ip)} is not an IP address`, IP_HINT);
    valid = false;
  }
  if (portSpecifier.case === "portValue" && portSpecifier.value === 0) {
    context.error(place.field("port_value"), "an endpoint can't have port 0", "1 to 65535");
    valid = false;
  }
  return valid && portSpecifier.case === "portValue" ? { type: "ip", ip, port: portSpecifier.value } : undefined;
}
