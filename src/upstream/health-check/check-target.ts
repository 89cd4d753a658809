import type { EndpointData } from "../cluster-data.ts";
import type { ProbeTarget } from "./probe.ts";

/** Where an endpoint is checked: its own alternative address or port, else `alt_port`, else where it serves. */
export function checkTarget(clusterName: string, endpoint: EndpointData, altPort: number): ProbeTarget {
  const own = endpoint.healthCheck;
  const base = own?.address ?? endpoint.address;
  const port = own?.port || (own?.address == null ? altPort : 0);
  const address = base.type === "ip" && port !== 0 ? { ...base, port } : base;
  return { address, hostname: own?.hostname ?? "", clusterName };
}
