import { type EndpointData, metadataMap } from "../cluster-data.ts";
import type { TransportSockets } from "../transport-sockets.ts";
import type { CheckTransportData, HealthCheckData } from "./health-check-data.ts";
import type { ProbeTarget } from "./probe.ts";

/** The transport sockets of a cluster's checks, and which of them a host gets. */
export interface CheckTransport {
  readonly sockets: TransportSockets;
  readonly data: CheckTransportData;
}

/**
 * Where and how an endpoint is checked: its own alternative address or port, else `alt_port`, else where it serves. `transport` null =
 * plain connections.
 */
export function checkTarget(
  clusterName: string,
  endpoint: EndpointData,
  { altPort, sourceAddresses }: Pick<HealthCheckData, "altPort" | "sourceAddresses">,
  transport: CheckTransport | null,
): ProbeTarget {
  const own = endpoint.healthCheck;
  const base = own?.address ?? endpoint.address;
  const port = own?.port || (own?.address == null ? altPort : 0);
  const address = base.type === "ip" && port !== 0 ? { ...base, port } : base;
  const transportSocket = transport === null ? null : socketOf(transport, endpoint);
  // A check that goes elsewhere goes there only.
  const additionalIps = own?.address != null || port !== 0 ? [] : (endpoint.additionalIps ?? []);
  const alpnProtocols = transport?.data.alpnProtocols ?? [];
  return {
    address,
    hostname: own?.hostname ?? "",
    clusterName,
    transportSocket,
    alpnProtocols,
    additionalIps,
    sourceAddresses,
  };
}

function socketOf({ sockets, data }: CheckTransport, { metadata }: EndpointData): ProbeTarget["transportSocket"] {
  return data.matchCriteria === null ? sockets.socketOf(metadataMap(metadata)) : sockets.socketFor(data.matchCriteria);
}
