import type { ExplainSources, UdpExplanation } from "../../explanation.ts";
import type { UdpProxyData } from "./udp-proxy-data.ts";

/** Where the datagrams of a new client would go. */
export function explainUdp({ cluster: name }: UdpProxyData, sources: ExplainSources): UdpExplanation {
  const cluster = sources.cluster(name, null);
  const problem =
    cluster === null
      ? `there is no cluster ${name}`
      : cluster.whyNone === ""
        ? ""
        : `cluster ${name} ${cluster.whyNone}`;
  return { kind: "udp", cluster, answer: problem === "" ? null : { status: 0, flag: "", details: problem } };
}
