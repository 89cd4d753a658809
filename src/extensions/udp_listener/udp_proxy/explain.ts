import type { ExplainSources, UdpExplanation } from "../../explanation.ts";
import type { UdpProxyData } from "./udp-proxy-data.ts";

/** Where the datagrams of a new client would go. */
export function explainUdp({ cluster: name }: UdpProxyData, sources: ExplainSources): UdpExplanation {
  const cluster = sources.cluster(name);
  const problem =
    cluster === null ? `there is no cluster ${name}` : cluster.hostCount === 0 ? `cluster ${name} has no hosts` : "";
  return { kind: "udp", cluster, answer: problem === "" ? null : { status: 0, flag: "", details: problem } };
}
